import { describe, expect, test } from "vitest";
import { PodContainer } from "./pod.ts";
import { type ContainerState, type ContainerView, type PodPhase, type PodView, phaseOf, statusOf } from "./status.ts";

const at = (time: string) => new Date(`2026-11-21T${time}Z`);
const waiting: ContainerState = { kind: "waiting", reason: "PodInitializing" };
const running: ContainerState = { kind: "running", startedAt: at("10:00:00") };
const ended = (exitCode: number): ContainerState => ({
  kind: "terminated",
  exitCode,
  reason: exitCode === 0 ? "Completed" : "Error",
  startedAt: at("10:00:00"),
  finishedAt: at("10:00:05.900"),
});

function container(name: string, state: ContainerState, more: Partial<ContainerView> = {}): ContainerView {
  return { container: PodContainer.parse({ name, image: "coldstream:1" }), state, restarts: 0, ...more };
}

function view(init: readonly ContainerState[], main: readonly ContainerState[], more: Partial<PodView> = {}): PodView {
  return {
    uid: "u-1",
    initContainers: init.map((state, at) => container(`first-${at}`, state)),
    containers: main.map((state, at) => container(`main-${at}`, state)),
    restartPolicy: "Never",
    address: "127.0.0.1",
    startTime: at("09:59:59"),
    isReady: true,
    isEnding: false,
    ...more,
  };
}

const cause = { reason: "Evicted", message: "too much" };

describe("phaseOf", () => {
  test.each<[string, PodView, PodPhase]>([
    ["nothing has started", view([], [waiting]), "Pending"],
    ["an init container runs", view([running], [waiting]), "Pending"],
    ["one of two init containers is done", view([ended(0), waiting], [waiting]), "Pending"],
    ["an init container failed", view([ended(1)], [waiting]), "Failed"],
    [
      "an init container failed and is tried again",
      view([ended(1)], [waiting], { restartPolicy: "OnFailure" }),
      "Pending",
    ],
    ["all init containers are done", view([ended(0)], [waiting]), "Pending"],
    ["one container runs, another waits", view([], [running, waiting]), "Pending"],
    ["a container runs", view([ended(0)], [running]), "Running"],
    ["one of two is done", view([], [running, ended(0)]), "Running"],
    ["one of two has failed", view([], [running, ended(1)]), "Running"],
    ["all are done", view([ended(0)], [ended(0), ended(0)]), "Succeeded"],
    ["one failed", view([], [ended(0), ended(3)]), "Failed"],
    ["one failed and is tried again", view([], [ended(3)], { restartPolicy: "OnFailure" }), "Running"],
    ["all are done that would be tried again", view([], [ended(0)], { restartPolicy: "OnFailure" }), "Succeeded"],
    ["all are done and start again", view([], [ended(0)], { restartPolicy: "Always" }), "Running"],
    ["one failed while ending", view([], [ended(143)], { restartPolicy: "OnFailure", isEnding: true }), "Failed"],
    ["it never started and is ending", view([], [waiting], { isEnding: true }), "Failed"],
    ["it was evicted", view([], [ended(0)], { cause }), "Failed"],
    ["it is being evicted", view([], [running], { cause }), "Running"],
  ])("when %s", (_title, given, phase) => expect(phaseOf(given)).toBe(phase));

  test("waits between two tries without becoming Pending again", () => {
    const last = { exitCode: 1, reason: "Error", startedAt: at("10:00:00"), finishedAt: at("10:00:01") };
    const one = container("main", { kind: "waiting", reason: "CrashLoopBackOff" }, { last, restarts: 1 });
    expect(phaseOf(view([], [], { containers: [one], restartPolicy: "OnFailure" }))).toBe("Running");
  });
});

describe("statusOf", () => {
  const conditions = (given: PodView) =>
    statusOf(given, [], at("10:01:00")).conditions.map(({ type, status, reason = "", message = "" }) =>
      [type, status, reason, message].join(" ").trim(),
    );

  test.each<[string, PodView, string[]]>([
    [
      "waiting for an init container",
      view([running], [waiting]),
      [
        "PodReadyToStartContainers True",
        "Initialized False ContainersNotInitialized containers with incomplete status: [first-0]",
        "Ready False ContainersNotReady containers with unready status: [main-0]",
        "ContainersReady False ContainersNotReady containers with unready status: [main-0]",
        "PodScheduled True",
      ],
    ],
    [
      "running",
      view([], [running]),
      ["PodReadyToStartContainers True", "Initialized True", "Ready True", "ContainersReady True", "PodScheduled True"],
    ],
    [
      "done",
      view([ended(0)], [ended(0)]),
      [
        "PodReadyToStartContainers False",
        "Initialized True PodCompleted",
        "Ready False PodCompleted",
        "ContainersReady False PodCompleted",
        "PodScheduled True",
      ],
    ],
    [
      "evicted",
      view([], [ended(137)], { cause }),
      [
        "PodReadyToStartContainers False",
        "Initialized True",
        "Ready False PodFailed",
        "ContainersReady False PodFailed",
        "PodScheduled True",
        "DisruptionTarget True TerminationByKubelet too much",
      ],
    ],
  ])("tells of a pod that is %s", (_title, given, expected) => expect(conditions(given)).toEqual(expected));

  test("keeps the time of a condition that did not change, and those of others", () => {
    const before = [
      { type: "PodScheduled", status: "True", lastTransitionTime: "2026-11-21T09:00:00Z" },
      { type: "Ready", status: "False", lastTransitionTime: "2026-11-21T09:00:00Z" },
      { type: "example.com/gate", status: "True" },
    ];
    const after = statusOf(view([], [running]), before, at("10:01:00")).conditions;
    const time = (type: string) => after.find((one) => one.type === type)?.lastTransitionTime;
    expect([time("PodScheduled"), time("Ready")]).toEqual(["2026-11-21T09:00:00Z", "2026-11-21T10:01:00Z"]);
    expect(after.at(-1)).toEqual({ type: "example.com/gate", status: "True" });
  });

  test("writes a container's state as a kubelet does", () => {
    const status = statusOf(view([], [ended(3)]), [], at("10:01:00"));
    expect(status["containerStatuses"]).toEqual([
      {
        name: "main-0",
        image: "coldstream:1",
        imageID: "coldstream:1",
        containerID: "coldstream://u-1/main-0/0",
        ready: false,
        started: false,
        restartCount: 0,
        lastState: {},
        state: {
          terminated: {
            exitCode: 3,
            reason: "Error",
            startedAt: "2026-11-21T10:00:00Z",
            finishedAt: "2026-11-21T10:00:05Z",
            containerID: "coldstream://u-1/main-0/0",
          },
        },
      },
    ]);
    expect(status).toMatchObject({
      phase: "Failed",
      podIP: "127.0.0.1",
      startTime: "2026-11-21T09:59:59Z",
    });
  });
});
