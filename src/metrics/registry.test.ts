import { expect, test } from "vitest";
import { processSeries } from "./process.ts";
import { openRegistry } from "./registry.ts";
import { seriesOf } from "./table.ts";

const kind = "BackupSession";

test("counts, sets and asks its sources", () => {
  const registry = openRegistry();
  registry.add("coldstream_reconciles_total", { kind });
  registry.add("coldstream_reconciles_total", { kind }, 2);
  registry.set("coldstream_leader", {}, false);
  registry.set("coldstream_leader", {}, true);
  let depth = 5;
  const stop = registry.collect(() => seriesOf("coldstream_queue_depth", { kind }, depth++));
  const values = () => Object.fromEntries(registry.series().map(({ name, value }) => [name, value]));
  const counted = { coldstream_reconciles_total: 3, coldstream_leader: 1 };
  expect(values()).toEqual({ ...counted, coldstream_queue_depth: 5 });
  expect(values()).toEqual({ ...counted, coldstream_queue_depth: 6 });
  stop();
  expect(values()).toEqual(counted);
});

test("keeps what differs in a label apart", () => {
  const registry = openRegistry();
  registry.add("coldstream_pushes_total", { result: "pushed" });
  registry.add("coldstream_pushes_total", { result: "failed" });
  registry.add("coldstream_pushes_total", { result: "failed" });
  expect(registry.series().map(({ labels, value }) => [labels["result"], value])).toEqual([
    ["pushed", 1],
    ["failed", 2],
  ]);
});

test("a histogram's buckets hold those before them", () => {
  const registry = openRegistry();
  for (const seconds of [0.001, 0.005, 0.2, 31])
    registry.observe("coldstream_reconcile_duration_seconds", { kind }, seconds);
  const text = registry.text();
  const name = "coldstream_reconcile_duration_seconds";
  expect(text).toContain(`# TYPE ${name} histogram\n${name}_bucket{kind="BackupSession",le="0.005"} 2\n`);
  expect(text).toContain(`${name}_bucket{kind="BackupSession",le="0.1"} 2\n`);
  expect(text).toContain(`${name}_bucket{kind="BackupSession",le="0.25"} 3\n`);
  expect(text).toContain(`${name}_bucket{kind="BackupSession",le="30"} 3\n`);
  expect(text).toContain(`${name}_bucket{kind="BackupSession",le="+Inf"} 4\n`);
  expect(text).toContain(`${name}_count{kind="BackupSession"} 4\n`);
  expect(text).toMatch(new RegExp(`${name}_sum\\{kind="BackupSession"\\} 31\\.20`));
});

test("a process says what it is and what it uses", () => {
  const figures = Object.fromEntries(
    processSeries(process, { version: "1.2.3", now: new Date() }).map(({ name, value }) => [name, value]),
  );
  expect(figures["coldstream_build_info"]).toBe(1);
  expect(figures["process_resident_memory_bytes"]).toBeGreaterThan(1e7);
  expect(figures["process_cpu_seconds_total"]).toBeGreaterThan(0);
  expect(figures["process_start_time_seconds"]).toBeLessThan(Date.now() / 1000);
});
