import { expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { openRegistry } from "./registry.ts";
import { startMetricsServer } from "./server.ts";

const loopback = { host: "127.0.0.1", port: 0 };

test.each([
  ["/metrics", "GET", 200, "# HELP coldstream_leader"],
  ["/metrics?x=1", "GET", 200, "# HELP coldstream_leader"],
  ["/livez", "GET", 200, "ok"],
  ["/readyz", "GET", 503, "the caches are not complete"],
  ["/", "GET", 404, "/metrics"],
  ["/metrics", "POST", 405, "only GET"],
])("%s (%s) answers %i", async (path, method, status, text) => {
  const registry = openRegistry();
  registry.set("coldstream_leader", {}, true);
  const whyNotReady = () => "the caches are not complete";
  await using server = await startMetricsServer({ ...loopback, text: () => registry.text(), whyNotReady });
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  expect({ status: response.status, text: await response.text() }).toEqual({
    status,
    text: expect.stringContaining(text),
  });
});

test("is ready when nothing stands in the way, and names the format of its figures", async () => {
  await using server = await startMetricsServer({ ...loopback, text: () => "", whyNotReady: () => undefined });
  const at = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
  expect((await at("/readyz")).status).toBe(200);
  expect((await at("/metrics")).headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
});

test("lives on when its figures cannot be had", async () => {
  const text = () => {
    throw new Error("no figures");
  };
  await using server = await startMetricsServer({ ...loopback, text, whyNotReady: () => undefined });
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  expect([response.status, await response.text()]).toEqual([500, "no figures\n"]);
});

test("says where it cannot listen", async () => {
  const options = { ...loopback, text: () => "", whyNotReady: () => undefined };
  await using server = await startMetricsServer(options);
  const failure = await failureOf(startMetricsServer({ ...options, port: server.port }));
  expect(failure).toMatchObject({
    code: "configuration-invalid",
    message: `serving metrics on 127.0.0.1:${server.port}`,
  });
});
