import type { PodContainer } from "./pod.ts";

/** What a node can run: the one image, as a program of this machine. */
export interface Runnable {
  readonly image: string;
  /** Program and arguments that stand for the image's entry point. */
  readonly entry: readonly string[];
  /** Programs that a container may name as its `command` beside the entry point. */
  readonly allowCommands?: readonly string[] | undefined;
}

export type Entry =
  | { readonly kind: "run"; readonly program: string; readonly args: readonly string[] }
  /** As a kubelet says of an image that it cannot get. */
  | { readonly kind: "no image"; readonly message: string }
  | { readonly kind: "refused"; readonly message: string };

/** Which program of this machine stands for a container. `command` and `args` are those with variables put in. */
export function entryOf(
  container: Pick<PodContainer, "image" | "command" | "args">,
  { image, entry, allowCommands = [] }: Runnable,
): Entry {
  const asked = container.image ?? "";
  if (!isSameImage(asked, image)) {
    return { kind: "no image", message: `image "${asked}" is not known here: this node runs ${image} alone` };
  }
  const [program, ...args] = (container.command ?? []).length > 0 ? (container.command ?? []) : entry;
  if (program === undefined) return { kind: "refused", message: "there is nothing to run: the entry point is empty" };
  if (container.command?.[0] !== undefined && !allowCommands.includes(program)) {
    const message = `this node runs the entry point of ${image} alone, not the command "${program}"`;
    return { kind: "refused", message };
  }
  return { kind: "run", program, args: [...args, ...(container.args ?? [])] };
}

/** `coldstream` is `docker.io/library/coldstream:latest`. */
function isSameImage(asked: string, known: string): boolean {
  return wholeName(asked) === wholeName(known);
}

function wholeName(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasRegistry ? image : `docker.io/${rest.length === 0 ? `library/${image}` : image}`;
  const last = path.slice(path.lastIndexOf("/") + 1);
  return /[:@]/.test(last) ? path : `${path}:latest`;
}
