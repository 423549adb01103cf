// Where the sample is in time: it runs by a video where there is one, else by itself, round and round.

export class Clock {
  time = $state(0);
  isPlaying = $state(false);
  duration = $state(0);

  #video: HTMLVideoElement | null = null;
  #offset = 0;
  #stop = new AbortController();
  #frame = 0;

  /** Runs by this video, of which the sample begins at `offset`; the answer lets go of it. */
  attach(video: HTMLVideoElement, offset: number): () => void {
    this.#video = video;
    this.#offset = offset;
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    // To what was asked for before the video was there. Read by then: whoever attaches would else do so at each frame.
    video.addEventListener('loadedmetadata', () => (video.currentTime = offset + this.time), { signal, once: true });
    const follow = () => {
      this.time = Math.max(0, video.currentTime - this.#offset);
      if (this.time >= this.duration && this.isPlaying) video.currentTime = this.#offset;
    };
    for (const name of ['seeked', 'timeupdate']) video.addEventListener(name, follow, { signal });
    video.addEventListener('play', () => (this.isPlaying = true), { signal });
    video.addEventListener('pause', () => (this.isPlaying = false), { signal });
    const tick = () => {
      if (signal.aborted) return;
      follow();
      video.requestVideoFrameCallback(tick);
    };
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(tick);
    return () => {
      this.#stop.abort();
      this.#video = null;
      this.isPlaying = false;
    };
  }

  play(): void {
    if (this.isPlaying) return;
    if (this.#video) return void this.#video.play().catch(() => undefined);
    this.isPlaying = true;
    let before = performance.now();
    const tick = (now: number) => {
      this.time = this.duration > 0 ? (this.time + Math.max(0, now - before) / 1000) % this.duration : 0;
      before = now;
      this.#frame = requestAnimationFrame(tick);
    };
    this.#frame = requestAnimationFrame(tick);
  }

  pause(): void {
    this.#video?.pause();
    cancelAnimationFrame(this.#frame);
    this.isPlaying = false;
  }

  toggle(): void {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  seek(time: number): void {
    this.time = Math.max(0, Math.min(time, this.duration));
    if (this.#video) this.#video.currentTime = this.#offset + this.time;
  }
}
