import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../../../src/kit/program.ts";

export interface ImageRequest {
  readonly name: string;
  /** A folder that becomes the image's root. */
  readonly root: string;
  readonly entry: readonly string[];
  readonly user?: string;
  readonly environment?: readonly string[];
}

/** An image as `docker save` writes it: one layer. The path of the tar. */
export async function buildImage(
  folder: string,
  { name, root, entry, user, environment }: ImageRequest,
): Promise<string> {
  const place = join(folder, `image-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`);
  await mkdir(place, { recursive: true });
  const layer = join(place, "layer.tar");
  await tar(["--create", "--file", layer, "--directory", root, "--owner=0", "--group=0", "."]);
  const digest = createHash("sha256")
    .update(await readFile(layer))
    .digest("hex");
  const config = {
    ...{ architecture: process.arch === "x64" ? "amd64" : process.arch, os: "linux" },
    config: { Entrypoint: entry, User: user, Env: environment ?? ["PATH=/bin"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
  };
  await writeFile(join(place, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }];
  await writeFile(join(place, "manifest.json"), JSON.stringify(manifest));
  const archive = `${place}.tar`;
  await tar(["--create", "--file", archive, "--directory", place, "manifest.json", "config.json", "layer.tar"]);
  await rm(place, { recursive: true });
  return archive;
}

async function tar(args: readonly string[]): Promise<void> {
  const end = await runProgram("tar", args, { env: { PATH: "/usr/bin:/bin" } });
  if (end.exitCode !== 0) throw new Error(`tar: ${end.stderr}`);
}
