// Measures @cloud-copilot/iam-simulate: `node iam-simulate.js ROUNDS < batch`. For speed only: its answers are not looked at.
//
// Prints {"lines", "skipped", "rounds", "nanosecondsEach"}: the median over the lines of each line's median round. Policies
// are parsed and the request is made before the clock starts, so that `authorize` alone is measured. That function is not in
// the package's public interface; the public ones parse the policies anew each time, and one of them fails on every
// resource policy, so it is taken from its file.

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { loadPolicy } = require('@cloud-copilot/iam-policy');
const { anonymousPrincipal } = require('@cloud-copilot/iam-simulate');

const inside = path.dirname(require.resolve('@cloud-copilot/iam-simulate'));
const { authorize } = require(path.join(inside, 'core_engine/CoreSimulatorEngine.js'));
const { AwsRequestImpl } = require(path.join(inside, 'request/request.js'));
const { RequestContextImpl } = require(path.join(inside, 'requestContext.js'));
const { DiscoveryContextKeyConstraints } = require(path.join(inside, 'context_keys/discoveryContextKeyConstraints.js'));

const DEFAULT_ROUNDS = 5;
const WARM_UP_ROUNDS = 50;

function principalOf(principal) {
  if (typeof principal === 'string') return principal;
  return principal.Anonymous ? anonymousPrincipal : Object.values(principal)[0];
}

function accountOf(arn) {
  return (typeof arn === 'string' && arn.split(':')[4]) || '';
}

function authorization(line) {
  const policies = line.policies ?? {};
  const load = ({ name, policy }) => loadPolicy(policy, { name });
  const all = (given) => (given?.length ? given.map(load) : undefined);
  const levels = (given) =>
    (given ?? []).map((level) => ({ orgIdentifier: level.target, policies: level.policies.map(load) }));
  const values = Object.entries(line.context ?? {}).map(([key, list]) => [key, list.length === 1 ? list[0] : list]);
  const resource = {
    resource: line.resource,
    accountId: line.resourceAccount ?? (accountOf(line.resource) || accountOf(line.principal)),
  };
  const context = new RequestContextImpl(Object.fromEntries(values));
  return {
    request: new AwsRequestImpl(principalOf(line.principal), resource, line.action, context),
    sessionPolicy: policies.session?.length ? load(policies.session[0]) : undefined,
    identityPolicies: (policies.identity ?? []).map(load),
    serviceControlPolicies: levels(policies.scp),
    resourceControlPolicies: levels(policies.rcp),
    resourcePolicy: policies.resource ? load(policies.resource) : undefined,
    permissionBoundaries: all(policies.boundary),
    vpcEndpointPolicies: all(policies.vpcEndpoint),
    simulationParameters: {
      simulationMode: 'Strict',
      discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([]),
    },
    serviceSettings: { s3: { blockPublicAccess: undefined } },
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function measure(rounds, items) {
  const times = items.map(() => []);
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    items.forEach((item, at) => {
      const start = process.hrtime.bigint();
      authorize(item);
      if (round >= 0) times[at].push(Number(process.hrtime.bigint() - start));
    });
  }
  return Math.round(median(times.map(median)));
}

const rounds = Number(process.argv[2] ?? DEFAULT_ROUNDS);
const lines = fs.readFileSync(0, 'utf8').split('\n').filter((text) => text.trim() !== '').map((text) => JSON.parse(text));
const items = [];
for (const line of lines) {
  try {
    const item = authorization(line);
    authorize(item);
    items.push(item);
  } catch {
    // Counted as skipped: it cannot be asked this.
  }
}
if (items.length === 0) {
  console.error('no line could be measured');
  process.exit(1);
}
const nanosecondsEach = measure(rounds, items);
console.log(JSON.stringify({ lines: items.length, skipped: lines.length - items.length, rounds, nanosecondsEach }));
