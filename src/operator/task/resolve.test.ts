// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested
import { describe, expect, test } from "vitest";
import { StashFunction } from "../../api/function.ts";
import { Task } from "../../api/task.ts";
import { resolveTask } from "./resolve.ts";

function task(spec: object): Task {
  return Task.parse({ apiVersion: "stash.appscode.com/v1beta1", kind: "Task", metadata: { name: "t" }, spec });
}

function functions(...given: readonly (readonly [string, object])[]): ReadonlyMap<string, StashFunction> {
  return new Map(
    given.map(([name, spec]) => [
      name,
      StashFunction.parse({ apiVersion: "stash.appscode.com/v1beta1", kind: "Function", metadata: { name }, spec }),
    ]),
  );
}

const one = { steps: [{ name: "f" }] };

function resolve(spec: object, known: ReadonlyMap<string, StashFunction>, variables: Record<string, string> = {}) {
  const given = new Map(Object.entries(variables));
  return resolveTask({ task: task(spec), functions: known, variables: given, image: "own:1" });
}

describe("a step", () => {
  test("is a container named after its Function and its place", () => {
    const known = functions(["nats-backup-2.6.1", {}], ["update-status", {}]);
    const { steps } = resolve({ steps: [{ name: "nats-backup-2.6.1" }, { name: "update-status" }] }, known);
    expect(steps.map(({ container }) => container)).toEqual(["nats-backup-2-6-1-0", "update-status-1"]);
  });
  test("may run the same Function twice, with other params", () => {
    const step = (value: string) => ({ name: "f", params: [{ name: "P", value }] });
    const { steps } = resolve({ steps: [step("a"), step("b")] }, functions(["f", { args: ["${P}"] }]));
    expect(steps.map(({ container, spec }) => [container, spec.args])).toEqual([
      ["f-0", ["a"]],
      ["f-1", ["b"]],
    ]);
  });
  test("takes what is built in and the user's before its own params", () => {
    const spec = {
      steps: [
        {
          name: "f",
          params: [
            { name: "V", value: "step" },
            { name: "P", value: "${V}!" },
          ],
        },
      ],
    };
    const [step] = resolve(spec, functions(["f", { args: ["${V}", "${P}"] }]), { V: "user" }).steps;
    expect(step?.spec.args).toEqual(["user", "user!"]);
  });
  test("fills in all texts of its Function, and nothing else", () => {
    const known = functions([
      "f",
      {
        command: ["${V}"],
        workingDir: "/${V}",
        volumeMounts: [{ name: "${V}", mountPath: "/${V}" }],
        ports: [{ containerPort: 80, name: "${V}" }],
        runtimeSettings: { container: { env: [{ name: "E", value: "${V}" }] } },
      },
    ]);
    expect(resolve(one, known, { V: "x" }).steps[0]?.spec).toEqual({
      image: "own:1",
      command: ["x"],
      workingDir: "/x",
      volumeMounts: [{ name: "x", mountPath: "/x" }],
      ports: [{ containerPort: 80, name: "x" }],
      runtimeSettings: { container: { env: [{ name: "E", value: "x" }] } },
    });
  });
  test("knows its own image, which wins over a param of that name", () => {
    const known = functions(["f", { image: "${R}/f:1", args: ["${ADDON_IMAGE}"] }]);
    const [step] = resolve(one, known, { R: "reg", ADDON_IMAGE: "mine" }).steps;
    expect(step?.spec).toMatchObject({ image: "reg/f:1", args: ["reg/f:1"] });
  });
});

describe("a Task", () => {
  test("fills in its volumes and the params of its steps", () => {
    const spec = {
      steps: [{ name: "f", params: [{ name: "P", value: "${V}" }] }],
      volumes: [{ name: "v", persistentVolumeClaim: { claimName: "${V}-claim" } }],
    };
    const resolved = resolve(spec, functions(["f", {}]), { V: "x" });
    expect(resolved.volumes).toEqual([{ name: "v", persistentVolumeClaim: { claimName: "x-claim" } }]);
    expect([...resolved.variables]).toEqual([
      ["P", "x"],
      ["V", "x"],
    ]);
  });
  test("says which variables anybody looks at", () => {
    const spec = { steps: [{ name: "f", params: [{ name: "P", value: "${A:=}" }] }] };
    expect([...resolve(spec, functions(["f", { args: ["${B:=}"] }])).looksAt]).toEqual(["A", "B"]);
  });
  test.each([
    ["without the Function", one, functions(), "Task t: the Function f does not exist"],
    [
      "with an unknown variable in the Function",
      one,
      functions(["f", { args: ["${V}"] }]),
      "Function f: spec.args[0]: the variable V is not set",
    ],
    [
      "with an unknown variable in the image",
      one,
      functions(["f", { image: "${V}" }]),
      "Function f: spec.image: the variable V is not set",
    ],
    [
      "with an unknown variable of its own",
      { ...one, volumes: [{ name: "${V}" }] },
      functions(["f", {}]),
      "Task t: spec.volumes[0].name: the variable V is not set",
    ],
    ["without steps", {}, functions(), "Task t has no steps"],
  ])("%s is refused", (_title, spec, known, sentence) => expect(() => resolve(spec, known)).toThrow(sentence));
});
