// Asks pbac: a line of JSON on stdin is a question, a line on stdout its answer.
//
// A question is {"action", "resource", "context": nested by prefix, "policies": [document]}, an answer {"decision": …},
// {"unsupported": …} or {"error": …}.

'use strict';

const readline = require('node:readline');
const PBAC = require('pbac');

// Where everything is allowed, only a Deny is left to refuse it: pbac itself tells only true and false.
const ALLOW_ALL = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['*'], Resource: ['*'] }] };

function answer(question) {
  const { action, resource, context } = question;
  let policies;
  try {
    policies = new PBAC(question.policies);
  } catch (error) {
    return { unsupported: `the policy is not read: ${error.message}` };
  }
  try {
    if (policies.evaluate({ action, resource, context })) return { decision: 'Allowed' };
    policies.add(ALLOW_ALL);
    const denied = !policies.evaluate({ action, resource, context });
    return { decision: denied ? 'ExplicitlyDenied' : 'ImplicitlyDenied' };
  } catch (error) {
    return { error: String(error) };
  }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
});
