import { join } from "node:path";

/** The path in the folder. undefined: it leads out of it, or names the folder itself. An API server should have refused that. */
export function below(folder: string, path: string): string | undefined {
  const joined = join(folder, path);
  return joined.startsWith(`${join(folder)}/`) && !joined.endsWith("/") && !path.startsWith("/") ? joined : undefined;
}
