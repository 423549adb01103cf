// The player's hands: play, shuttle, seek to the frame, scrub. Knows a media element and a clock, no page.
import { aimAt, frameAt, frameCount, frameEnd, frameStart, stepFrom, type Clock } from './frames';

export const SPEEDS = [0.25, 0.5, 1, 1.5, 2, 4] as const;
/** J and L double up to this. */
const FASTEST = 8;
const STORED = 'fastclip.volume';

export class Playback {
  /** Seconds on the source's timeline; while paused, where the frame on the screen begins. */
  time = $state(0);
  isPlaying = $state(false);
  /** True while the picture is not there yet. */
  isWaiting = $state(false);
  /** How fast `play` goes. */
  speed = $state(1);
  /** Signed speed of J and L; 0 when not shuttling. */
  shuttle = $state(0);
  volume = $state(1);
  isMuted = $state(false);

  #media: HTMLMediaElement | null = null;
  #clock = $state.raw<Clock | null>(null);
  #duration: number;
  /** A seek that waits until the last one has arrived: the newest wins, those between are never made. */
  #wanted: number | null = null;
  #until: number | null = null;
  #loop = 0;
  #resumeAfterScrub = false;

  constructor(duration: number) {
    this.#duration = duration;
    const [volume, muted] = (localStorage.getItem(STORED) ?? '1').split(' ');
    this.volume = Math.min(1, Math.max(0, Number(volume) || 0));
    this.isMuted = muted === 'muted';
  }

  /** Takes the clock, or a better one when the frame list has come. */
  useClock(clock: Clock | null): void {
    this.#clock = clock;
  }

  /** Takes a media element in hand; answers with the function that lets it go. */
  attach(media: HTMLMediaElement): () => void {
    this.#media = media;
    this.#sound();
    const heard: [keyof HTMLMediaElementEventMap, () => void][] = [
      ['play', () => this.#began()],
      ['pause', () => this.#paused()],
      ['ended', () => this.#paused()],
      ['seeked', () => this.#arrived()],
      ['waiting', () => (this.isWaiting = true)],
      ['seeking', () => (this.isWaiting = true)],
      ['playing', () => (this.isWaiting = false)],
      ['canplay', () => (this.isWaiting = false)],
      ['loadedmetadata', () => this.#reload()],
    ];
    for (const [name, listener] of heard) media.addEventListener(name, listener);
    if (media.readyState > 0) this.#reload();
    return () => {
      for (const [name, listener] of heard) media.removeEventListener(name, listener);
      cancelAnimationFrame(this.#loop);
      this.#media = null;
      this.isPlaying = false;
    };
  }

  get frame(): number | null {
    return this.#clock && frameAt(this.#clock, this.time);
  }

  /** Where a cut begins that shows the frame on the screen first. */
  get inPoint(): number {
    return this.#clock ? frameStart(this.#clock, frameAt(this.#clock, this.time)) : this.time;
  }

  /** Where a cut ends that shows the frame on the screen last. */
  get outPoint(): number {
    return this.#clock ? frameEnd(this.#clock, frameAt(this.#clock, this.time)) : this.time;
  }

  toggle(): void {
    if (this.isPlaying || this.shuttle) this.stop();
    else this.play();
  }

  play(): void {
    this.#until = null;
    this.shuttle = 0;
    if (this.#isAtEnd()) this.seek(0);
    this.#go(this.speed);
  }

  stop(): void {
    this.#until = null;
    if (this.shuttle < 0) cancelAnimationFrame(this.#loop);
    this.shuttle = 0;
    this.#media?.pause();
  }

  /** Plays from one time to another, then rests on the last frame. */
  playRange(start: number, end: number): void {
    this.stop();
    this.seek(start);
    this.#until = end;
    this.#go(this.speed);
  }

  /** L: forward, twice as fast with each press. */
  faster(): void {
    this.#until = null;
    if (this.shuttle < 0) this.stop();
    const now = this.shuttle > 0 ? this.shuttle : this.isPlaying ? 1 : 0;
    this.shuttle = now ? Math.min(now * 2, FASTEST) : 1;
    this.#go(this.shuttle);
  }

  /** J: backward, twice as fast with each press. No browser plays backward, so the picture is sought. */
  slower(): void {
    this.#until = null;
    const now = this.shuttle < 0 ? -this.shuttle : 0;
    if (this.isPlaying) this.#media?.pause();
    this.shuttle = -(now ? Math.min(now * 2, FASTEST) : 1);
    if (!now) this.#runBackward();
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    if (this.isPlaying && !this.shuttle) this.#go(speed);
  }

  seek(time: number): void {
    const within = Math.min(Math.max(time, 0), this.#duration);
    this.time = this.#clock ? frameStart(this.#clock, frameAt(this.#clock, within)) : within;
    this.#want(this.#clock ? aimAt(this.#clock, frameAt(this.#clock, within)) : within);
  }

  stepFrames(by: number): void {
    this.stop();
    this.seek(this.#clock ? stepFrom(this.#clock, this.time, by) : this.time + by / 100);
  }

  /** Shows the last frame before a time, as the one that ends a segment. */
  seekBefore(time: number): void {
    if (!this.#clock) return this.seek(time);
    const frame = frameAt(this.#clock, time);
    const isAtItsStart = time - frameStart(this.#clock, frame) < 1e-3;
    this.seek(aimAt(this.#clock, isAtItsStart ? frame - 1 : frame));
  }

  toEnd(): void {
    this.stop();
    this.seek(this.#clock ? frameStart(this.#clock, frameCount(this.#clock) - 1) : this.#duration);
  }

  beginScrub(): void {
    this.#resumeAfterScrub = this.isPlaying;
    this.stop();
  }

  endScrub(): void {
    if (this.#resumeAfterScrub) this.play();
    this.#resumeAfterScrub = false;
  }

  setVolume(volume: number): void {
    this.volume = volume;
    this.isMuted = volume === 0;
    this.#sound();
  }

  toggleMute(): void {
    this.isMuted = !this.isMuted;
    if (!this.isMuted && this.volume === 0) this.volume = 0.5;
    this.#sound();
  }

  #sound(): void {
    localStorage.setItem(STORED, `${this.volume} ${this.isMuted ? 'muted' : ''}`);
    if (!this.#media) return;
    this.#media.volume = this.volume;
    this.#media.muted = this.isMuted;
  }

  #go(speed: number): void {
    if (!this.#media) return;
    this.#media.playbackRate = speed;
    // The browser may hold playing back until it is clicked; the button then still says "Play".
    void this.#media.play().catch(() => undefined);
  }

  #isAtEnd(): boolean {
    return this.outPoint >= this.#duration - 1e-3;
  }

  #want(time: number): void {
    this.#wanted = time;
    if (this.#media && this.#media.readyState > 0 && !this.#media.seeking) this.#seekNow();
  }

  #seekNow(): void {
    const [media, wanted] = [this.#media, this.#wanted];
    this.#wanted = null;
    if (media && wanted !== null) media.currentTime = wanted;
  }

  #arrived(): void {
    this.isWaiting = false;
    if (this.#wanted !== null) this.#seekNow();
  }

  /** Another file for the same recording: go on where we were. */
  #reload(): void {
    this.#sound();
    this.seek(this.time);
  }

  #began(): void {
    this.isPlaying = true;
    cancelAnimationFrame(this.#loop);
    const follow = () => {
      this.#follow();
      this.#loop = requestAnimationFrame(follow);
    };
    this.#loop = requestAnimationFrame(follow);
  }

  #follow(): void {
    const media = this.#media;
    if (!media || this.#wanted !== null || media.seeking) return;
    this.time = Math.min(media.currentTime, this.#duration);
    if (this.#until !== null && this.time >= this.#until) {
      const end = this.#until;
      this.stop();
      this.seekBefore(end);
    }
  }

  /** Rests on a whole frame, so that what is seen is what is counted. */
  #paused(): void {
    this.isPlaying = false;
    cancelAnimationFrame(this.#loop);
    if (this.shuttle > 0) this.shuttle = 0;
    if (this.#wanted === null && this.#media && !this.#media.seeking) this.seek(this.#media.currentTime);
  }

  /** Keeps its own place: the time rests on whole frames, which a short step back would always leave by one. */
  #runBackward(): void {
    let last = performance.now();
    let place = this.time;
    const back = (now: number) => {
      if (this.shuttle >= 0) return;
      place += ((now - last) / 1000) * this.shuttle;
      last = now;
      this.seek(place);
      if (place <= 0) this.stop();
      else this.#loop = requestAnimationFrame(back);
    };
    cancelAnimationFrame(this.#loop);
    this.#loop = requestAnimationFrame(back);
  }
}
