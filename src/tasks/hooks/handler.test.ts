import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../../../tests/support/ports.ts";
import type { Handler } from "../../api/hooks.ts";
import { makeSelfSigned } from "../../kit/certificate.ts";
import { Failure } from "../../kit/failures.ts";
import type { ExecEnd } from "../../kube/exec.ts";
import { contentOf, runHandler, type Surroundings } from "./handler.ts";

interface Seen {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let port = 0;
let seen: Seen[] = [];
let answer = { status: 200, body: "" };

beforeEach(async () => {
  seen = [];
  answer = { status: 200, body: "" };
  server = createServer(async (request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body: await text(request) });
    response.writeHead(answer.status, { location: "/elsewhere" }).end(answer.body);
  });
  port = await listen(server);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function listen(one: { listen(port: number, host: string, then: () => void): unknown; address(): unknown }) {
  await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  return (one.address() as AddressInfo).port;
}

const good: ExecEnd = { exitCode: 0, stdout: "", stderr: "" };

function around(changes: Partial<Surroundings> = {}): Surroundings {
  return {
    podAddress: async () => "127.0.0.1",
    namedPort: async () => port,
    exec: async () => good,
    lookup: () => undefined,
    facts: { Name: "nightly-1", Status: { Error: 'a "b"' } },
    signal: AbortSignal.timeout(20_000),
    ...changes,
  };
}

async function failureOf(handler: Handler, changes?: Partial<Surroundings>): Promise<string> {
  try {
    await runHandler(handler, around(changes));
  } catch (error) {
    if (Failure.is(error)) return error.message;
    throw error;
  }
  throw new Error("it succeeded");
}

const host = "127.0.0.1";

describe("httpGet", () => {
  test("asks for the path with the headers given", async () => {
    const httpHeaders = [
      { name: "X-One", value: "1" },
      { name: "X-Two", value: "a" },
      { name: "x-two", value: "b" },
      { name: "Host", value: "nats.demo" },
    ];
    await runHandler({ httpGet: { host, port, path: "flush?deep=1&a=b c", httpHeaders } }, around());
    expect(seen).toHaveLength(1);
    expect(seen[0]?.line).toBe("GET /flush?deep=1&a=b%20c");
    expect(seen[0]?.headers).toMatchObject({ "x-one": "1", "x-two": "a, b", host: "nats.demo" });
  });

  test.each([
    [200, true],
    [204, true],
    [302, true],
    [399, true],
    [400, false],
    [404, false],
    [500, false],
  ])("an answer of %d is a success: %s", async (status, isGood) => {
    answer = { status, body: "" };
    const run = runHandler({ httpGet: { host, port, path: "/a?token=secret" } }, around());
    if (isGood) await run;
    else await expect(run).rejects.toThrow(`GET http://127.0.0.1:${port}/a was answered with ${status}`);
    expect(seen).toHaveLength(1);
  });

  test("says what the server said", async () => {
    answer = { status: 503, body: "the cache\n is cold" };
    expect(await failureOf({ httpGet: { host, port } })).toMatch(/was answered with 503: the cache is cold$/);
  });

  test("but no secret of it", async () => {
    answer = { status: 500, body: "cannot log in with password=hunter22" };
    expect(await failureOf({ httpGet: { host, port } })).toMatch(/: cannot log in with password=\*\*\*$/);
  });

  test("without a host it goes to the pod, and a port may be a name or a number in quotes", async () => {
    const asked: unknown[] = [];
    const namedPort: Surroundings["namedPort"] = async (...all) => {
      asked.push(all);
      return port;
    };
    await runHandler({ httpGet: { port: "monitor" }, containerName: "nats" }, around({ namedPort }));
    await runHandler({ httpGet: { port: String(port) } }, around({ namedPort }));
    expect(asked).toEqual([["monitor", "nats"]]);
    expect(seen).toHaveLength(2);
  });

  test("a name of the cluster is dialled where it is reached from here", async () => {
    const lookup = (name: string, at: number) =>
      name === "hooks.demo.svc" && at === 80 ? { address: "127.0.0.1", port } : undefined;
    await runHandler({ httpGet: { host: "hooks.demo.svc", port: 80 } }, around({ lookup }));
    expect(seen[0]?.headers.host).toBe("hooks.demo.svc");
  });

  test("takes any certificate", async () => {
    const { certificate, key } = await makeSelfSigned({
      ...{ name: "elsewhere", hosts: ["elsewhere.test"], addresses: [] },
      ...{ notBefore: new Date("2020-01-01"), notAfter: new Date("2021-01-01") },
    });
    const tls = createTlsServer({ cert: certificate, key }, (_request, response) => response.end());
    const tlsPort = await listen(tls);
    try {
      await runHandler({ httpGet: { host, port: tlsPort, scheme: "HTTPS" } }, around());
    } finally {
      tls.closeAllConnections();
      tls.close();
    }
  });

  test.each([
    ["a scheme that is none", { httpGet: { host, port: 1, scheme: "ftp" } }, /scheme ftp is neither HTTP nor HTTPS/],
    ["a port that is none", { httpGet: { host, port: 70_000 } }, /port 70000 is none/],
    ["nothing to do", { containerName: "nats" }, /says nothing to do/],
    ["an empty command", { exec: { command: [] } }, /exec\.command is empty/],
  ])("%s is a mistake", async (_title, handler, sentence) => expect(await failureOf(handler)).toMatch(sentence));

  test("nobody there is said so", async () => {
    const nobody = await freePort();
    expect(await failureOf({ httpGet: { host, port: nobody } })).toBe(
      `calling 127.0.0.1:${nobody}: connection refused`,
    );
  });

  test("a server that never answers is left when time is up", async () => {
    const mute = createTcpServer();
    const mutePort = await listen(mute);
    const late = new Failure("timed-out", "it took longer than 5 minutes");
    const signal = AbortSignal.any([abortedIn(200, late)]);
    try {
      expect(await failureOf({ httpGet: { host, port: mutePort } }, { signal })).toBe("it took longer than 5 minutes");
    } finally {
      mute.close();
    }
  });
});

function abortedIn(milliseconds: number, reason: unknown): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), milliseconds);
  return controller.signal;
}

describe("httpPost", () => {
  test("sends the body with its template filled in", async () => {
    const body = '{"name": {{ .Name | quote }}, "error": {{ .Status.Error | toJson }}}';
    await runHandler({ httpPost: { host, port, path: "/hook", body } }, around());
    expect(seen[0]?.line).toBe("POST /hook");
    expect(seen[0]?.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(seen[0]?.body ?? "")).toEqual({ name: "nightly-1", error: 'a "b"' });
  });

  test("the user's content type stays", async () => {
    const httpHeaders = [{ name: "content-Type", value: "application/vnd.own+json" }];
    await runHandler({ httpPost: { host, port, body: "{}", httpHeaders } }, around());
    expect(seen[0]?.headers["content-type"]).toBe("application/vnd.own+json");
  });

  test("a form is sent as one", async () => {
    const form = [
      { key: "state", values: ["done", "a b&c"] },
      { key: "empty", values: [] },
    ];
    await runHandler({ httpPost: { host, port, form, body: "not this" } }, around());
    expect(seen[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(seen[0]?.body).toBe("state=done&state=a+b%26c");
  });

  test.each([
    ["a text", "backup done", "text/plain; charset=utf-8"],
    ["JSON", ' [1, {"a": 2}]', "application/json"],
    ["what only begins like JSON", "[done] all", "text/plain; charset=utf-8"],
    ["XML", '<?xml version="1.0"?><a/>', "text/xml; charset=utf-8"],
    ["HTML", "<!DOCTYPE html><p>", "text/html; charset=utf-8"],
    ["nothing", "", "text/plain; charset=utf-8"],
  ])("%s is known by its content", (_title, body, contentType) => {
    expect(contentOf({ port, body }, {})).toEqual({ body, contentType });
  });
});

describe("tcpSocket", () => {
  test("succeeds where somebody listens", async () => await runHandler({ tcpSocket: { host, port } }, around()));
  test("fails where nobody does", async () => {
    expect(await failureOf({ tcpSocket: { port: await freePort() } })).toMatch(/connection refused$/);
  });
});

describe("exec", () => {
  test("fills in the command's templates and names the container", async () => {
    const asked: unknown[] = [];
    const exec: Surroundings["exec"] = async (...all) => {
      asked.push(all);
      return good;
    };
    const command = ["sh", "-c", "echo {{ .Name }}", "{plain}"];
    await runHandler({ exec: { command }, containerName: "nats" }, around({ exec }));
    expect(asked).toEqual([[["sh", "-c", "echo nightly-1", "{plain}"], "nats"]]);
  });

  test.each([
    ["what it said at last", { exitCode: 3, stdout: "progress", stderr: "no\n space" }, "3: no space"],
    ["its output where it had nothing to complain of", { exitCode: 1, stdout: "sorry", stderr: " \n" }, "1: sorry"],
    ["its exit code alone", { exitCode: 2, stdout: "", stderr: "" }, "2"],
    ["the end of much", { exitCode: 1, stdout: "", stderr: `${"x".repeat(600)}end` }, `1: ...${"x".repeat(497)}end`],
  ])("a command that fails is told with %s", async (_title, end, words) => {
    const command = ["sh", "-c", "a --password=secret"];
    expect(await failureOf({ exec: { command } }, { exec: async () => end })).toBe(
      `the command "sh" ended with exit code ${words}`,
    );
  });
});

describe("several handlers", () => {
  const all: Handler = {
    tcpSocket: { host, port: 0 },
    httpPost: { host, port: 0, path: "/post" },
    httpGet: { host, port: 0, path: "/get" },
    exec: { command: ["true"] },
  };
  const at = (number: number): Handler => ({
    ...all,
    tcpSocket: { host, port: number },
    httpPost: { host, port: number, path: "/post" },
    httpGet: { host, port: number, path: "/get" },
  });

  test("run in the order exec, httpGet, httpPost, tcpSocket", async () => {
    const exec: Surroundings["exec"] = async () => {
      expect(seen).toEqual([]);
      return good;
    };
    await runHandler(at(port), around({ exec }));
    expect(seen.map(({ line }) => line)).toEqual(["GET /get", "POST /post"]);
  });

  test("end at the first that fails", async () => {
    expect(await failureOf(at(port), { exec: async () => ({ ...good, exitCode: 1 }) })).toMatch(/exit code 1/);
    expect(seen).toEqual([]);
  });
});
