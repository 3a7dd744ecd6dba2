import { z } from "zod";
import { documentOf } from "./document.ts";
import { Volume } from "./kubernetes.ts";
import { TaskParam } from "./references.ts";

export const TaskStep = z.object({
  name: z.string().optional().describe("Name of a Function."),
  params: z.array(TaskParam).optional().describe("Values for the Function's variables."),
});
export type TaskStep = z.infer<typeof TaskStep>;

export const TaskSpec = z.object({
  steps: z.array(TaskStep).optional().describe("The Functions, in their order."),
  volumes: z.array(Volume).optional().describe("Volumes of the pod."),
});
export type TaskSpec = z.infer<typeof TaskSpec>;

export const Task = documentOf("Task", { spec: TaskSpec.prefault({}) });
export type Task = z.infer<typeof Task>;
