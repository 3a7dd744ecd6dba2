import { z } from "zod";
import { Failure } from "../kit/failures.ts";

/** What a Job's program takes from around it. Read once, here; everything else is given it. */
export interface TaskEnvironment {
  /** For the programs that we start; each of them gets only what it needs. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Where the API server is, as the kubelet says it; undefined outside of a pod. */
  readonly apiServer: { readonly host: string; readonly port: string } | undefined;
  /** Paths and hosts of the container as they lie on this machine; empty in a real container. */
  readonly mounts: Readonly<Record<string, string>>;
  readonly hosts: Readonly<Record<string, string>>;
  /** The Job that this pod belongs to; trigger pods are told. */
  readonly jobName: string | undefined;
}

export function readTaskEnvironment(): TaskEnvironment {
  return taskEnvironmentOf({ ...process.env });
}

export function taskEnvironmentOf(variables: Readonly<Record<string, string | undefined>>): TaskEnvironment {
  const [host, port] = [variables["KUBERNETES_SERVICE_HOST"], variables["KUBERNETES_SERVICE_PORT"]];
  return {
    variables,
    apiServer: host ? { host, port: port || "443" } : undefined,
    mounts: readTable("COLDSTREAM_MOUNTS", variables),
    hosts: readTable("COLDSTREAM_HOSTS", variables),
    jobName: variables["JOB_NAME"] || undefined,
  };
}

const Table = z.record(z.string(), z.string());

function readTable(
  name: string,
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const text = variables[name];
  if (!text) return {};
  try {
    return Table.parse(JSON.parse(text));
  } catch (cause) {
    throw new Failure("configuration-invalid", `the variable ${name} is no JSON object of texts`, { cause });
  }
}
