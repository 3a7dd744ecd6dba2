/** Hands items from one who gives to one who takes, one at a time: `put` resolves when the next one is wanted. */
export class Handover<T> {
  #item: { readonly value: T } | undefined;
  #end: { readonly error?: unknown } | undefined;
  #isClosed = false;
  #wakeGiver: () => void = () => {};
  #wakeTaker: () => void = () => {};

  /** Once closed, items are thrown away: nobody takes them any more. */
  async put(value: T): Promise<void> {
    this.#item = { value };
    this.#wakeTaker();
    while (this.#item !== undefined && !this.#isClosed) {
      const woken = Promise.withResolvers<void>();
      this.#wakeGiver = woken.resolve;
      await woken.promise;
    }
  }

  end(): void {
    this.#end ??= {};
    this.#wakeTaker();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wakeTaker();
  }

  close(): void {
    this.#isClosed = true;
    this.#wakeGiver();
  }

  /** The items until the end; throws what `fail` was told. */
  async *taken(): AsyncGenerator<T> {
    for (;;) {
      if (this.#item !== undefined) {
        const { value } = this.#item;
        yield value;
        this.#item = undefined;
        this.#wakeGiver();
        continue;
      }
      if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
      const woken = Promise.withResolvers<void>();
      this.#wakeTaker = woken.resolve;
      await woken.promise;
    }
  }
}
