import { kubernetesServer, type Server } from "./controllers-place.ts";

/** Beside which API servers the controllers are tried. */
export const servers: readonly { readonly name: string; readonly start: () => Promise<Server> }[] = [
  { name: "Kubernetes' API server", start: kubernetesServer },
];
