import { Failure } from "../../kit/failures.ts";
import { parsed } from "../option.ts";

/** Which server and account a snapshot is of, as its tag says. */
export function targetOption(help: string) {
  return parsed("--target <name>", help, readTarget);
}

/** A name that can be a restic tag. */
export function readTarget(text: string): string {
  if (/^[^\p{C}\s,=]{1,200}$/u.test(text)) return text;
  throw new Failure("usage", `${JSON.stringify(text)} cannot name a target`, {
    hint: "up to 200 characters, without spaces, commas and =",
  });
}
