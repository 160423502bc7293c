// Measures @cloud-copilot/iam-simulate: `node iam-simulate.js ROUNDS < batch`. For speed only: its answers are not looked at.
//
// Prints {"lines", "skipped", "rounds", "nanosecondsEach", "loadNanosecondsEach"}: the median over the rounds of the time
// for one line. JSON is parsed once, before the clock starts. The public function that evaluates without checking its
// input, `runUnsafeSimulation`, wraps the policies of each line in objects again; what that alone takes is measured apart.

'use strict';

const fs = require('node:fs');
const { loadPolicy } = require('@cloud-copilot/iam-policy');
const { anonymousPrincipal, runUnsafeSimulation } = require('@cloud-copilot/iam-simulate');

const DEFAULT_ROUNDS = 5;
const WARM_UP_ROUNDS = 2;

// What `runUnsafeSimulation` leaves out: a line with one of these is not measured.
const LEFT_OUT = ['session', 'vpcEndpoint'];

function principalOf(principal) {
  if (typeof principal === 'string') return principal;
  return principal.Anonymous ? anonymousPrincipal : Object.values(principal)[0];
}

function accountOf(arn) {
  return (typeof arn === 'string' && arn.split(':')[4]) || '';
}

function simulation(line) {
  const policies = line.policies ?? {};
  const levels = (given) =>
    (given ?? []).map((level) => ({ orgIdentifier: level.target, policies: level.policies }));
  return {
    request: {
      principal: principalOf(line.principal),
      action: line.action,
      resource: {
        resource: line.resource,
        accountId: line.resourceAccount ?? (accountOf(line.resource) || accountOf(line.principal)),
      },
      contextVariables: Object.fromEntries(
        Object.entries(line.context ?? {}).map(([key, values]) => [key, values.length === 1 ? values[0] : values]),
      ),
    },
    identityPolicies: policies.identity ?? [],
    serviceControlPolicies: levels(policies.scp),
    resourceControlPolicies: levels(policies.rcp),
    resourcePolicy: policies.resource?.policy,
    permissionBoundaryPolicies: policies.boundary?.length ? policies.boundary : undefined,
  };
}

function documents(one) {
  const levels = [...one.serviceControlPolicies, ...one.resourceControlPolicies];
  const named = [...one.identityPolicies, ...(one.permissionBoundaryPolicies ?? []), ...levels.flatMap((l) => l.policies)];
  return [...named.map((policy) => policy.policy), ...(one.resourcePolicy ? [one.resourcePolicy] : [])];
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function measure(rounds, items, work) {
  const times = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const start = process.hrtime.bigint();
    for (const item of items) work(item);
    if (round >= 0) times.push(Number(process.hrtime.bigint() - start) / items.length);
  }
  return Math.round(median(times));
}

const rounds = Number(process.argv[2] ?? DEFAULT_ROUNDS);
const lines = fs.readFileSync(0, 'utf8').split('\n').filter((text) => text.trim() !== '').map((text) => JSON.parse(text));
const simulations = [];
for (const line of lines) {
  const one = simulation(line);
  try {
    if (LEFT_OUT.some((layer) => line.policies?.[layer]?.length)) throw new Error('a layer that is left out');
    runUnsafeSimulation(one, {});
    simulations.push({ one, documents: documents(one) });
  } catch {
    // Counted as skipped: it cannot be asked this.
  }
}
if (simulations.length === 0) {
  console.error('no line could be measured');
  process.exit(1);
}
const nanosecondsEach = measure(rounds, simulations, ({ one }) => runUnsafeSimulation(one, {}));
const loadNanosecondsEach = measure(rounds, simulations, (item) => item.documents.forEach((document) => loadPolicy(document)));
const skipped = lines.length - simulations.length;
console.log(JSON.stringify({ lines: simulations.length, skipped, rounds, nanosecondsEach, loadNanosecondsEach }));
