import type { TextSink } from "./printer.ts";

/** A stream that keeps what is written to it; for tests. */
export class MemorySink implements TextSink {
  readonly isTerminal: boolean;
  readonly columns: number | undefined;
  text = "";

  constructor({ isTerminal = false, columns }: { readonly isTerminal?: boolean; readonly columns?: number } = {}) {
    this.isTerminal = isTerminal;
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }
}
