import { glob, link, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the containers of a node wrote, also of pods that are gone. */
export interface KeptLogs extends AsyncDisposable {
  all(): Promise<string>;
}

const lookMs = 150;

/** `folder`: the node's. A second name for each log keeps what is written there later, too. */
export async function keepLogs(folder: string): Promise<KeptLogs> {
  const kept = await mkdtemp(join(tmpdir(), "coldstream-logs-"));
  const known = new Set<string>();
  async function look(): Promise<void> {
    for await (const path of glob("**/containers/*/*/log", { cwd: folder })) {
      if (known.has(path)) continue;
      known.add(path);
      await link(join(folder, path), join(kept, String(known.size))).catch(() => undefined);
    }
  }
  let looking = look();
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, lookMs);
  return {
    async all() {
      await looking;
      const texts = (await readdir(kept)).map((name) => readFile(join(kept, name), "utf8"));
      return (await Promise.all(texts)).join("\n");
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
      await rm(kept, { recursive: true, force: true });
    },
  };
}
