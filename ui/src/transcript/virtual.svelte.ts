// A long list of which only what is in sight is drawn: TanStack's virtualizer, as runes see it.
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core';

export class VirtualList {
  #changes = $state(0);
  #virtualizer: Virtualizer<HTMLElement, HTMLElement>;

  /** guess_px: how high a row is, as long as it was not drawn. */
  constructor(
    private readonly element: () => HTMLElement | null,
    private readonly guess_px: (index: number) => number,
  ) {
    this.#virtualizer = new Virtualizer(this.#options(0));
  }

  /** Begins to watch the element; answers with the function that ends it. */
  mount(): () => void {
    const end = this.#virtualizer._didMount();
    this.#virtualizer._willUpdate();
    this.#changes++;
    return end;
  }

  setCount(count: number): void {
    this.#virtualizer.setOptions(this.#options(count));
    this.#virtualizer._willUpdate();
    this.#changes++;
  }

  get items(): VirtualItem[] {
    void this.#changes;
    return this.#virtualizer.getVirtualItems();
  }

  get height_px(): number {
    void this.#changes;
    return this.#virtualizer.getTotalSize();
  }

  /** Takes the real height of a row that was drawn; it says which one in `data-index`. */
  readonly measure = (row: HTMLElement): void => this.#virtualizer.measureElement(row);

  /** Brings a row into sight; one that is there already stays where it is. */
  show(index: number, where: 'auto' | 'center' = 'auto'): void {
    this.#virtualizer.scrollToIndex(index, { align: where });
  }

  #options(count: number): ConstructorParameters<typeof Virtualizer<HTMLElement, HTMLElement>>[0] {
    return {
      count,
      getScrollElement: this.element,
      estimateSize: this.guess_px,
      overscan: 2, // a jump draws all of them in one task
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => this.#changes++,
    };
  }
}
