/**
 * When a slot on the clock of the books is due on `performance.now()`. The answer that came fastest tells the offset of the two
 * clocks best, so a slow answer is seen as slow and does not move the slot. What one answer proves bounds the estimate, so a clock
 * that is set back or forth cannot send a request early by more than that answer took.
 */
export class SlotClock {
  #offset = Number.POSITIVE_INFINITY;
  #former = Number.POSITIVE_INFINITY;
  #since = Number.NEGATIVE_INFINITY;

  /** The answer in milliseconds; `askedAt` and `answeredAt` on `performance.now()`. */
  due({ slotUs, nowUs, askedAt, answeredAt }: { slotUs: number; nowUs: number; askedAt: number; answeredAt: number }): number {
    // Clocks drift apart: what was learnt more than two of these periods ago is forgotten.
    if (answeredAt - this.#since > 30_000) {
      this.#former = this.#offset;
      this.#offset = Number.POSITIVE_INFINITY;
      this.#since = answeredAt;
    }
    this.#offset = Math.min(this.#offset, answeredAt - nowUs / 1000);
    const estimate = slotUs / 1000 + Math.min(this.#offset, this.#former);
    const waitMs = (slotUs - nowUs) / 1000;
    return Math.min(Math.max(estimate, askedAt + waitMs), answeredAt + waitMs);
  }
}
