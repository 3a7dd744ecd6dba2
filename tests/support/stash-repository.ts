import { spawn } from "node:child_process";
import { appendFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeJson } from "../../src/kit/json.ts";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { readSnapshot } from "../../src/nats/snapshot.ts";
import { streamNames } from "../../src/nats/streams.ts";
import { listSnapshots, type SnapshotEntry } from "../../src/vault/catalog.ts";
import { type Place, running } from "./place.ts";
import { programEnvironment } from "./restic.ts";

export const stashPaths = ["/stash-interim-volume/data", "/stash-tmp/stash-interim-volume/data"] as const;

export interface StashBackup {
  /** As the `streams` param: written into streams.json. Without it, the names that `nats stream ls` gives. */
  readonly streams?: readonly string[] | null;
  readonly host?: string;
  /** Where the dump lay. restic stores absolute paths, so it is put there in a mount namespace. */
  readonly path?: string;
  /** Changes the dump before it is stored. */
  readonly edit?: (folder: string) => Promise<void>;
  readonly time?: Date;
}

/** Dumps every stream as Stash's addon does, and stores that with restic as Stash does. */
export async function stashBackup(
  place: Place,
  jetstream: JetStream,
  options: StashBackup = {},
): Promise<SnapshotEntry> {
  const volume = join(place.directory, "stash-interim-volume");
  const folder = join(volume, "data");
  await rm(volume, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const names = await streamNames(jetstream, {});
  const shown = names.filter((name) => !/^(KV|OBJ)_/.test(name));
  const listed = options.streams === undefined ? (shown.length === 0 ? null : shown) : options.streams;
  await writeFile(join(folder, "streams.json"), JSON.stringify(listed));
  for (const name of names) await dump(jetstream, name, join(folder, name));
  await options.edit?.(folder);
  if ((await place.repository.probe(running)) === "absent") await place.repository.initialize(running);
  const { path = folder, host = "host-0", time } = options;
  const args = ["backup", path, "--quiet", "--json", "--host", host, "--cleanup-cache"];
  await restic(place, [...args, ...(time === undefined ? [] : ["--time", resticTime(time)])], { volume, path });
  const made = (await listSnapshots(place.repository, { all: true }, running)).filter((one) => one.host === host);
  const newest = made.at(-1);
  if (newest === undefined) throw new Error("restic made no snapshot");
  return newest;
}

/** `<STREAM>/backup.json` and `<STREAM>/stream.tar.s2`. */
async function dump(jetstream: JetStream, stream: string, folder: string): Promise<void> {
  await mkdir(folder);
  const archive = join(folder, "stream.tar.s2");
  await writeFile(archive, "");
  const { config, state } = await readSnapshot(jetstream, stream, (chunk) => appendFile(archive, chunk));
  const { compression: _new, metadata: _newer, ...known } = config;
  await writeFile(join(folder, "backup.json"), writeJson({ config: known, state } as never, 1));
}

/** A root of its own, in which the volume lies where it lay in Stash's pod. Nothing of the machine is changed. */
const inNamespace = `
root=$1; volume=$2; path=$3; shift 3
mount -t tmpfs none "$root" || exit 99
for each in /*; do
  name=$(basename "$each")
  if [ -L "$each" ]; then cp -a "$each" "$root/$name"
  elif [ -d "$each" ]; then mkdir "$root/$name"; mount --rbind "$each" "$root/$name" 2>/dev/null
  fi
done
mkdir -p "$root$(dirname "$path")" && mount --bind "$volume" "$root$(dirname "$path")" || exit 99
exec chroot "$root" "$@"`;

async function restic(
  place: Place,
  args: readonly string[],
  { volume, path }: { readonly volume: string; readonly path: string },
): Promise<void> {
  const env = {
    ...programEnvironment(place.directory),
    RESTIC_REPOSITORY: join(place.directory, "repository"),
    RESTIC_PASSWORD: place.password,
    RESTIC_CACHE_DIR: join(place.directory, "cache"),
    TZ: "UTC",
  };
  const root = join(place.directory, "root");
  await mkdir(root, { recursive: true });
  const isHere = path.startsWith(place.directory);
  const command = isHere
    ? ["restic", ...args]
    : ["unshare", "-rm", "sh", "-c", inNamespace, "sh", root, volume, path, "restic", ...args];
  const [program = "", ...rest] = command;
  const { exit, said } = await run(program, rest, env);
  if (exit !== 0) throw new Error(`${command.slice(0, 3).join(" ")} ended with ${exit}: ${said}`);
}

async function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes) => {
    said += String(bytes);
  });
  const exit = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { exit, said };
}

/** Whether a folder can be put at any path for one program: needs user namespaces. */
export async function canPlaceAnywhere(): Promise<boolean> {
  const { exit } = await run("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"], {
    PATH: process.env.PATH ?? "",
  });
  return exit === 0;
}

function resticTime(time: Date): string {
  return time.toISOString().slice(0, 19).replace("T", " ");
}
