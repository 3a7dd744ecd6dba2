import { counted, formatBytes, formatDuration, formatRate } from "../kit/quantities.ts";
import type { Progress } from "../vault/progress.ts";
import { visible } from "./visible.ts";

export interface Expected {
  /** Stream -> bytes, as planned; what the work tells later counts more. */
  readonly streams: ReadonlyMap<string, number>;
}

type Phase =
  | { readonly step: "waiting" }
  | { readonly step: "saving" | "storing" | "restoring"; readonly since: number }
  | { readonly step: "publishing" }
  | { readonly step: "proving"; readonly stream: string };

interface StreamProgress {
  readonly done: number;
  readonly total: number;
  readonly isActive: boolean;
}

/** What the progress events add up to, for one line of text. Knows no clock: times are given in milliseconds. */
export class ProgressTracker {
  readonly #streams: Map<string, StreamProgress>;
  #phase: Phase = { step: "waiting" };
  #storing = { done: 0, total: 0 };
  #percent = 0;
  #proven = 0;

  constructor({ streams }: Expected) {
    this.#streams = new Map([...streams].map(([name, total]) => [name, { done: 0, total, isActive: false }]));
  }

  update(progress: Progress, now: number): void {
    switch (progress.step) {
      case "capturing":
      case "restoring": {
        const { stream, bytesDone: done } = progress;
        this.#enter(progress.step === "capturing" ? "saving" : "restoring", now);
        this.#streams.set(stream, { done, total: Math.max(progress.bytesTotal, done), isActive: true });
        break;
      }
      case "captured":
      case "restored":
        this.#finish(progress.stream, progress.bytes);
        break;
      case "stream-failed":
        this.#finish(progress.stream, 0);
        break;
      case "uploading":
        this.#enter("storing", now);
        this.#storing = { done: progress.bytesDone, total: Math.max(progress.bytesTotal, progress.bytesDone) };
        break;
      case "publishing":
        this.#phase = { step: "publishing" };
        break;
      case "proving":
        this.#phase = { step: "proving", stream: progress.stream };
        break;
      case "proven":
        this.#proven += 1;
        break;
      default:
        throw new Error(`unknown progress ${progress satisfies never}`);
    }
  }

  /** `saving  42 %  118 MB/s  23 s left  ORDERS, EVENTS`; undefined before anything happened. */
  line(now: number): string | undefined {
    const phase = this.#phase;
    switch (phase.step) {
      case "waiting":
        return undefined;
      case "publishing":
        return "publishing";
      case "proving":
        return `proving  ${visible(phase.stream)}${this.#proven === 0 ? "" : `, ${this.#proven} proven`}`;
      case "saving":
      case "restoring":
      case "storing":
        return [phase.step, ...this.#figures(now - phase.since), this.#active()]
          .filter((part) => part !== "")
          .join("  ");
      default:
        throw new Error(`unknown phase ${phase satisfies never}`);
    }
  }

  #figures(elapsed: number): string[] {
    const { done, total } = this.#phase.step === "storing" ? this.#storing : this.#sum();
    // totals are estimates and may grow; what was shown once does not go back
    this.#percent = Math.max(this.#percent, total === 0 ? 0 : Math.floor((100 * done) / total));
    const figures = [`${String(Math.min(this.#percent, 100)).padStart(3)} %`];
    if (elapsed < 500 || done === 0 || done >= total) return figures;
    figures.push(formatRate((done * 1000) / elapsed));
    const left = ((total - done) * elapsed) / done;
    return left < 1000 ? figures : [...figures, `${formatDuration(left)} left`];
  }

  #active(): string {
    if (this.#phase.step === "storing") return "";
    const names = [...this.#streams].filter(([, stream]) => stream.isActive).map(([name]) => visible(name));
    return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  }

  #sum(): { readonly done: number; readonly total: number } {
    let [done, total] = [0, 0];
    for (const stream of this.#streams.values()) {
      done += stream.done;
      total += stream.total;
    }
    return { done, total };
  }

  #enter(step: "saving" | "storing" | "restoring", now: number): void {
    if (this.#phase.step === step) return;
    this.#phase = { step, since: now };
    this.#percent = 0;
  }

  #finish(stream: string, bytes: number): void {
    const total = this.#streams.get(stream)?.total ?? bytes;
    this.#streams.set(stream, { done: total, total, isActive: false });
  }
}

/** The line for one finished stream where nothing can be redrawn. */
export function finishedLine(progress: Progress): string | undefined {
  switch (progress.step) {
    case "captured":
    case "restored": {
      const { stream, messages, bytes } = progress;
      return `${progress.step === "captured" ? "saved" : "restored"} ${visible(stream)}: ${counted(messages, "message")}, ${formatBytes(bytes)}`;
    }
    case "proven":
      return `proven ${visible(progress.stream)}: ${counted(progress.messages, "message")}`;
    case "stream-failed":
      return `failed ${visible(progress.stream)}`;
    case "capturing":
    case "restoring":
    case "uploading":
    case "publishing":
    case "proving":
      return undefined;
    default:
      throw new Error(`unknown progress ${progress satisfies never}`);
  }
}
