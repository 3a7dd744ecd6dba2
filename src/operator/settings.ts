/** What the operator is told when it starts (src/cli). */
export interface OperatorSettings {
  /** What Jobs and CronJobs run. The catalogue's Functions name it by variables, so they follow the operator. */
  readonly image: string;
  /** Secrets in the operator's namespace with which `image` is pulled; copied to where Jobs run. */
  readonly pullSecrets: readonly string[];
  /** The operator's own. */
  readonly namespace: string;
  /** As Jobs reach it. */
  readonly pushgatewayUrl?: string;
  /** As the operator reaches it. */
  readonly operatorPushgatewayUrl?: string;
}

/** On the operator's pod that leads: the Service of the Pushgateway selects it. The leader sets it, with the value "true". */
export const leaderLabel = "coldstream/leader";
