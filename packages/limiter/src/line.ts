/** First come, first served: only the head of the line may act; the others wait for their turn. */
export class Line {
  readonly #turns: Turn[] = [];

  get empty(): boolean {
    return this.#turns.length === 0;
  }

  join(): Turn {
    const turn = new Turn();
    this.#turns.push(turn);
    if (this.#turns[0] === turn) turn.come();
    return turn;
  }

  /** From the head or from the middle; the next head's turn has come. */
  leave(turn: Turn): void {
    const at = this.#turns.indexOf(turn);
    if (at >= 0) this.#turns.splice(at, 1);
    this.#turns[0]?.come();
  }
}

export class Turn {
  readonly came: Promise<void>;
  #come: () => void = () => {};

  constructor() {
    this.came = new Promise((resolve) => {
      this.#come = resolve;
    });
  }

  come(): void {
    this.#come();
  }
}
