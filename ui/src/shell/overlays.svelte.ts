// Which of the shell's floating parts is open; one at a time.

export type Overlay = 'palette' | 'keys' | 'jobs';

class Overlays {
  open = $state<Overlay | null>(null);

  toggle(overlay: Overlay): void {
    this.open = this.open === overlay ? null : overlay;
  }

  set(overlay: Overlay, isOpen: boolean): void {
    if (isOpen) this.open = overlay;
    else if (this.open === overlay) this.open = null;
  }
}

export const overlays = new Overlays();
