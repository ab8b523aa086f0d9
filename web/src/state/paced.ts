/**
 * Lets values through at most once per interval, and always the newest one in the end.
 * The page promises at most 4 changes a second, whatever the server sends.
 */
export class Paced<T> {
  private waiting: { value: T } | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private last = -Infinity;

  constructor(
    private readonly intervalMs: number,
    private readonly deliver: (value: T) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  push(value: T): void {
    this.waiting = { value };
    if (this.timer !== null) return;
    const wait = this.last + this.intervalMs - this.now();
    if (wait <= 0) this.flush();
    else this.timer = setTimeout(() => this.flush(), wait);
  }

  private flush(): void {
    this.timer = null;
    const waiting = this.waiting;
    if (waiting === null) return;
    this.waiting = null;
    this.last = this.now();
    this.deliver(waiting.value);
  }
}
