import { chmod, copyFile, cp, mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { runProgram } from "../../../src/kit/program.ts";
import { findProgram, natsServerProgram, nodePrograms } from "../programs.ts";
import type { ImageRequest } from "./image.ts";

const project = join(import.meta.dirname, "../../..");

/** Our image as one would build it: Node, restic, nats-server, the source and what it needs to run, and a shell for tests. */
export async function ownImage(folder: string, name: string): Promise<ImageRequest> {
  const root = join(folder, "own-image");
  for (const each of ["usr/bin", "bin", "etc", "proc", "sys", "dev", "tmp", "app/node_modules"]) {
    await mkdir(join(root, each), { recursive: true });
  }
  await chmod(join(root, "tmp"), 0o1777);
  await writeFile(join(root, "etc/passwd"), "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n");
  await writeFile(join(root, "etc/nsswitch.conf"), "hosts: files dns\n");
  const programs = { node: process.execPath, restic: findProgram("restic"), "nats-server": natsServerProgram() };
  for (const [as, path] of Object.entries(programs)) await bring(root, path ?? as, `usr/bin/${as}`);
  for (const as of ["sh", "cat", "id"]) await copyFile(join(nodePrograms, "busybox"), join(root, "bin", as));
  await bringSource(join(root, "app"));
  return {
    ...{ name, root, user: "65534:65534", environment: ["PATH=/usr/bin:/bin", "NODE_NO_WARNINGS=1", "HOME=/tmp"] },
    entry: ["/usr/bin/node", "/app/src/cli/main.ts"],
  };
}

/** A program with the libraries that it is linked to, each in its own place. */
async function bring(root: string, program: string, place: string): Promise<void> {
  await copyFile(await realpath(program), join(root, place));
  const { stdout } = await runProgram("ldd", [program], { env: { PATH: "/usr/bin:/bin" } });
  for (const [, path = ""] of stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await copyFile(await realpath(path), join(root, path));
  }
}

const Lock = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) });

async function bringSource(app: string): Promise<void> {
  await cp(join(project, "src"), join(app, "src"), { recursive: true, filter: (path) => !path.endsWith(".test.ts") });
  await copyFile(join(project, "package.json"), join(app, "package.json"));
  const { packages } = Lock.parse(JSON.parse(await readFile(join(project, "package-lock.json"), "utf8")));
  for (const [path, { dev }] of Object.entries(packages)) {
    if (!path.startsWith("node_modules/") || dev === true) continue;
    await cp(join(project, path), join(app, path), { recursive: true });
  }
}
