import { Failure } from "../kit/failures.ts";
import { runProgram } from "../kit/program.ts";
import { counted } from "../kit/quantities.ts";
import { resticConfig, resticFolders } from "../repository/rest-wipe.ts";
import type { TaskContext } from "./context.ts";
import { type BucketPlace, decideWipe, isOwn } from "./wipe-place.ts";

/** rclone's statuses for what is not there. Of a listing it means the bucket: an empty folder lists well. */
const [folderAbsent, fileAbsent] = [3, 4];
const patience = ["--retries=3", "--low-level-retries=3", "--contimeout=10s", "--timeout=60s"];

/** Deletes a repository in an object store and sees that it is gone. How many objects there were. */
export async function wipeBucket(context: TaskContext, place: BucketPlace): Promise<number> {
  const before = await listFiles(context, place);
  const shown = [place.bucket, place.prefix].filter(Boolean).join("/");
  const wipe = decideWipe(before, place.prefix);
  switch (wipe.kind) {
    case "nothing":
      return 0;
    case "refused":
      throw new Failure(
        "plan-refused",
        `deleting ${shown}: another repository lies in it, at ${wipe.other}; nothing was deleted`,
        {
          hint: "delete this repository by hand, or set spec.wipeOut to false",
        },
      );
    case "all":
      await rclone(context, place, ["purge", remotePath(place)], [folderAbsent]);
      break;
    case "own":
      // the file first: without it nobody takes the rest for a repository
      await rclone(context, place, ["deletefile", remotePath(place, resticConfig)], [folderAbsent, fileAbsent]);
      for (const folder of resticFolders)
        await rclone(context, place, ["purge", remotePath(place, folder)], [folderAbsent]);
      break;
    default:
      throw new Error(`unknown decision ${wipe satisfies never}`);
  }
  const left = (await listFiles(context, place)).filter((file) => place.prefix !== "" || isOwn(file));
  if (left.length === 0) return before.length;
  throw new Failure(
    "repository-failed",
    `deleting ${shown}: ${counted(left.length, "object")} stayed, first ${left[0]}`,
    {
      hint: "see whether the keys may delete, and whether objects are locked",
    },
  );
}

/** Paths of all objects below the prefix. */
async function listFiles(context: TaskContext, place: BucketPlace): Promise<readonly string[]> {
  const { stdout } = await rclone(context, place, [
    "lsf",
    "--recursive",
    "--files-only",
    "--fast-list",
    remotePath(place),
  ]);
  return stdout.split("\n").filter((line) => line !== "");
}

function remotePath({ bucket, prefix }: BucketPlace, name = ""): string {
  return `wipe:${[bucket, prefix, name].filter(Boolean).join("/")}`;
}

/** Of our surroundings only what rclone needs to reach the place: keys of clouds, proxies, authorities. */
const passedOn = /^(?:AWS_|AZURE_|GOOGLE_|OS_|SSL_CERT_|PATH$|HOME$|TMPDIR$|(?:https?|no|all)_proxy$)/i;

async function rclone(
  { environment, signal }: TaskContext,
  place: BucketPlace,
  args: readonly string[],
  others: readonly number[] = [],
): Promise<{ readonly stdout: string }> {
  const around = Object.entries(environment.variables).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && passedOn.test(entry[0]),
  );
  const env = { ...Object.fromEntries(around), RCLONE_CONFIG: "/nowhere/rclone.conf", ...place.env };
  const end = await runProgram("rclone", [...args, ...patience], { env, signal, installHint });
  const { exitCode, stderr, stdout } = end;
  if (exitCode === 0 || others.includes(exitCode ?? -1)) return { stdout };
  const said = exitCode === folderAbsent ? "there is no such bucket, or not for these keys" : lastLine(stderr);
  throw new Failure("repository-unreachable", `deleting ${place.bucket}/${place.prefix}: ${hidden(said, place.env)}`, {
    hint: "check the Repository's backend, the keys in its Secret, and that they may list and delete",
  });
}

const installHint = "wipeOut needs rclone 1.60 or newer in the image, for example: apt install rclone";

function lastLine(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !/NOTICE: Config file/.test(line));
  return (
    lines
      .at(-1)
      ?.replace(/^\S+ \S+ (?:ERROR|NOTICE|CRITICAL)\s*:\s*/, "")
      .trim() ?? "rclone failed"
  );
}

function hidden(text: string, env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .filter(([name, value]) => /SECRET|KEY$|TOKEN|SAS/.test(name) && value.length >= 4)
    .reduce((shown, [, value]) => shown.replaceAll(value, "***"), text);
}
