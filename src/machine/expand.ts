/**
 * `$(NAME)` replaced as Kubernetes does it: `$$` is one dollar, a name that is not there stays as it was written, and
 * what was put in is not looked at again.
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (found: string, name: string | undefined) => {
    if (name === undefined) return "$";
    return Object.hasOwn(variables, name) ? (variables[name] ?? found) : found;
  });
}
