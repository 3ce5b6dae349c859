// How often what the stream only hints at is asked for again: soon, but never faster than at a pace, and not while
// nobody looks. Pure but for the timer, which comes from outside.

export interface PaceOptions {
  /** The least time between two turns, ms. */
  gap: number;
  /** A turn is put off by up to this, by chance: a thousand pages hear the same hint. */
  spread: number;
  run(): void;
  now(): number;
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
}

export class Pace {
  private mark = 0;
  private done = 0;
  private looked = true;
  private timer: unknown = null;
  private last: number;

  /** What is shown was asked for just now. */
  constructor(private readonly o: PaceOptions) {
    this.last = o.now();
  }

  /** What is shown rests on another mark than this, unless it was the last one. */
  hint(mark: number): void {
    this.mark = mark;
    this.plan();
  }

  look(looked: boolean): void {
    this.looked = looked;
    this.plan();
  }

  stop(): void {
    this.o.clearTimeout(this.timer);
    this.timer = null;
    this.looked = false;
  }

  private plan(): void {
    if (this.mark === this.done || !this.looked) {
      this.o.clearTimeout(this.timer);
      this.timer = null;
      return;
    }
    if (this.timer !== null) return;
    const wait = Math.max(this.last + this.o.gap - this.o.now(), this.o.random() * this.o.spread);
    this.timer = this.o.setTimeout(() => this.turn(), wait);
  }

  private turn(): void {
    this.timer = null;
    this.done = this.mark;
    this.last = this.o.now();
    this.o.run();
  }
}
