import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProgram } from "../../src/kit/program.ts";
import { startOnFreePort } from "./ports.ts";
import { findProgram } from "./programs.ts";

export interface RestServer extends AsyncDisposable {
  /** `rest:http://127.0.0.1:PORT/`, without user and password. */
  readonly url: string;
  readonly address: string;
  /** Repositories are folders in it. */
  readonly directory: string;
  stop(): Promise<void>;
}

export interface RestServerOptions {
  /** Only this user gets in; everybody unless given. */
  readonly user?: { readonly name: string; readonly password: string };
  /** Paths of PEM files: the server speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly appendOnly?: boolean;
}

/** restic's own server, for real, on a free loopback port. */
export async function startRestServer({ user, tls, appendOnly = false }: RestServerOptions = {}): Promise<RestServer> {
  const program = findProgram("rest-server");
  if (program === undefined) throw new Error("rest-server is missing: run npm run setup -- --tests");
  const home = await mkdtemp(join(tmpdir(), "coldstream-rest-"));
  const directory = join(home, "repositories");
  const passwords = join(home, "htpasswd");
  if (user !== undefined) {
    const hash = createHash("sha1").update(user.password).digest("base64");
    await writeFile(passwords, `${user.name}:{SHA}${hash}\n`);
  }
  const args = [
    ...["--path", directory],
    ...(user === undefined ? ["--no-auth"] : ["--htpasswd-file", passwords]),
    ...(tls === undefined ? [] : ["--tls", "--tls-cert", tls.cert, "--tls-key", tls.key]),
    ...(appendOnly ? ["--append-only"] : []),
  ];
  const env = { PATH: "/usr/bin:/bin", HOME: home };
  const { port, server } = await startOnFreePort((on) =>
    startProgram(program, ["--listen", `127.0.0.1:${on}`, ...args], { env }),
  );
  return {
    url: `rest:${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/`,
    address: `127.0.0.1:${port}`,
    directory,
    stop: () => server.stop("SIGKILL"),
    async [Symbol.asyncDispose]() {
      await server.stop("SIGKILL");
      await rm(home, { recursive: true, force: true });
    },
  };
}
