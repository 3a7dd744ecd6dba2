import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeSelfSigned } from "../kit/certificate.ts";
import { type LogPlace, type LogServer, serveLogs } from "./log-server.ts";

const signal = new AbortController().signal;
const common = { node: "node-a", address: "127.0.0.1", signal };

interface Asked {
  readonly method?: string;
  readonly certificate?: { readonly cert: string; readonly key: string };
}

async function ask(port: number, path: string, { method = "GET", certificate }: Asked = {}): Promise<string> {
  return await new Promise((resolve, reject) => {
    const trust = { rejectUnauthorized: false, ...certificate };
    const asked = request({ host: "127.0.0.1", port, path, method, ...trust }, (answer) => {
      text(answer).then((body) => resolve(`${answer.statusCode} ${body}`), reject);
    });
    asked.once("error", reject);
    asked.end();
  });
}

describe("serveLogs", () => {
  let folder: string;
  let server: LogServer;
  const asked: LogPlace[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "coldstream-logs-"));
    await writeFile(join(folder, "log"), "one\ntwo\n");
    server = await serveLogs({
      ...common,
      find(place) {
        asked.push(place);
        if (place.pod === "none") return { kind: "none", status: 404, message: 'pod "none" not found on this node' };
        return { kind: "found", folder, isOver: () => true };
      },
    });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test.each([
    ["a log", "/containerLogs/demo/pod/main", "200 one\ntwo\n"],
    ["its end", "/containerLogs/demo/pod/main?tailLines=1", "200 two\n"],
    ["a followed one to its end", "/containerLogs/demo/pod/main?follow=true", "200 one\ntwo\n"],
    ["no log of a pod that is not there", "/containerLogs/demo/none/main", '404 pod "none" not found on this node\n'],
    ["a wrong number", "/containerLogs/demo/pod/main?tailLines=x", "400 a number or a time in the query is none\n"],
    ["its health", "/healthz", "200 ok"],
    ["nothing else", "/containerLogs/demo/pod", "404 404 page not found\n"],
    [
      "no exec",
      "/exec/demo/pod/main?command=ls",
      "501 exec is not possible here: containers run as plain processes on this node\n",
    ],
    ["no path that is none", "/containerLogs/%E0%A4%A/x/y", "400 the path cannot be read\n"],
  ])("answers with %s", async (_title, path, expected) => expect(await ask(server.port, path)).toBe(expected));

  test("asks for the run before where that is wanted", async () => {
    await ask(server.port, "/containerLogs/demo/pod%20x/main?previous=true");
    expect(asked.at(-1)).toEqual({ namespace: "demo", pod: "pod x", container: "main", previous: true });
  });

  test("answers nobody but the clients of an authority, where there is one", async () => {
    const times = { notBefore: new Date(Date.now() - 1000), notAfter: new Date(Date.now() + 100_000) };
    const own = await makeSelfSigned({ name: "client", hosts: ["client"], addresses: [], ...times });
    const find = () => ({ kind: "found", folder, isOver: () => true }) as const;
    await using closed = await serveLogs({ ...common, find, clientAuthority: own.certificate });
    const path = "/containerLogs/demo/pod/main";
    await expect(ask(closed.port, path)).rejects.toThrow();
    const certificate = { cert: own.certificate, key: own.key };
    expect(await ask(closed.port, path, { certificate })).toBe("200 one\ntwo\n");
  });
});
