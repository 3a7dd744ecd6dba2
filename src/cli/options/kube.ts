import { text, underHeading } from "../option.ts";

/** Which cluster, and as whom. */
export const kubeOptions = underHeading("Kubernetes:", {
  kubeconfig: text("--kubeconfig <file>", "KUBECONFIG; default: a pod's own account, else ~/.kube/config", {
    complete: "file",
  }),
  kubeContext: text("--kube-context <name>", "default: the file's current context"),
});
