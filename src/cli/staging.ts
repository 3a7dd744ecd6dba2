import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Failure } from "../kit/failures.ts";
import type { Environment } from "./environment.ts";

/** Where data is on its way: the named folder, which must exist, else COLDSTREAM_STAGING, else the temporary folder. */
export async function stagingFolder(
  environment: Environment,
  { option, profile }: { readonly option: string | undefined; readonly profile: string | undefined },
): Promise<string> {
  const named = option ?? environment.variables["COLDSTREAM_STAGING"] ?? profile ?? environment.temporaryFolder;
  const folder = resolve(environment.workingFolder, named);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return folder;
  throw new Failure(
    "usage",
    `the staging folder ${folder} ${found === undefined ? "does not exist" : "is not a folder"}`,
    {
      hint: "name an existing folder with --staging",
    },
  );
}
