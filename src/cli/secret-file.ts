import { readFile } from "node:fs/promises";
import { Failure } from "../kit/failures.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "it may not be read",
  EPERM: "it may not be read",
  EISDIR: "it is a folder",
};

/** The text of a file that an option, a variable or a profile names. Throws `credentials-unreadable` with its path. */
export async function readNamedFile(path: string, what: string): Promise<string> {
  try {
    const text = await readFile(path, "utf8");
    if (text.trim() !== "") return text;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const why = reasons[code] ?? (cause instanceof Error ? cause.message : String(cause));
    throw unreadable(`reading the ${what} ${path}: ${why}`);
  }
  throw unreadable(`reading the ${what} ${path}: it is empty`);
}

function unreadable(message: string): Failure {
  return new Failure("credentials-unreadable", message, { hint: "check the path, and who may read the file" });
}
