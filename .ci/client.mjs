// A FHIR client that nobody here wrote, against the service: fhir-kit-client, unchanged, as its documentation uses it.
//
//   node client.mjs BASE        lying in a folder where `npm install fhir-kit-client` was run
//
// The store is that of the demonstration. Every answer is checked for what it must say; the first that does not ends the run.

import assert from 'node:assert/strict';
import { Client } from 'fhir-kit-client';

const base = process.argv[2];
let passed = 0;

const parameter = (answer, name) => answer.parameter.find((one) => one.name === name);
const value = (answer, name) => {
  const [, found] = Object.entries(parameter(answer, name) ?? {}).find(([key]) => key.startsWith('value')) ?? [];
  return found;
};

async function check(name, work) {
  await work();
  passed += 1;
  console.log(`  ${name}`);
}

for (const version of ['r4', 'r5']) {
  const client = new Client({ baseUrl: `${base}/fhir/${version}` });
  console.log(version);

  await check('metadata', async () => {
    const statement = await client.capabilityStatement();
    assert.equal(statement.resourceType, 'CapabilityStatement');
    assert.equal(statement.fhirVersion, version === 'r4' ? '4.0.1' : '5.0.0');
    const types = statement.rest[0].resource.map((one) => one.type);
    assert.ok(['CodeSystem', 'ValueSet', 'ConceptMap'].every((type) => types.includes(type)));
  });

  await check('search, pages and read', async () => {
    const first = await client.search({ resourceType: 'CodeSystem', searchParams: { _count: 3, status: 'active' } });
    assert.equal(first.type, 'searchset');
    assert.equal(first.entry.length, 3);
    const second = await client.nextPage({ bundle: first });
    assert.notEqual(second.entry[0].resource.id, first.entry[0].resource.id);
    const back = await client.prevPage({ bundle: second });
    assert.equal(back.entry[0].resource.id, first.entry[0].resource.id);
    const { id } = first.entry[0].resource;
    const read = await client.read({ resourceType: 'CodeSystem', id });
    assert.equal(read.id, id);
    const posted = await client.search({ resourceType: 'ValueSet', searchParams: { name: 'Admin' }, options: { postSearch: true } });
    assert.ok(posted.entry.every((one) => one.resource.resourceType === 'ValueSet'));
  });

  await check('$expand', async () => {
    const input = { url: 'http://hl7.org/fhir/ValueSet/administrative-gender' };
    const got = await client.operation({ name: 'expand', resourceType: 'ValueSet', method: 'GET', input });
    assert.deepEqual(got.expansion.contains.map((one) => one.code).sort(), ['female', 'male', 'other', 'unknown']);
    const body = { resourceType: 'Parameters', parameter: [{ name: 'url', valueUri: input.url }, { name: 'count', valueInteger: 1 }] };
    const page = await client.operation({ name: '$expand', resourceType: 'ValueSet', input: body });
    assert.equal(page.expansion.contains.length, 1);
    assert.equal(page.expansion.total, 4);
  });

  await check('$lookup', async () => {
    const input = { system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'E11.9' };
    const answer = await client.operation({ name: 'lookup', resourceType: 'CodeSystem', method: 'GET', input });
    assert.match(value(answer, 'display'), /^Type 2 diabetes mellitus without/);
  });

  await check('$validate-code', async () => {
    const ask = (code) => ({
      resourceType: 'Parameters',
      parameter: [
        { name: 'url', valueUri: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
        { name: 'coding', valueCoding: { system: 'http://hl7.org/fhir/administrative-gender', code } },
      ],
    });
    const call = (code) => client.operation({ name: 'validate-code', resourceType: 'ValueSet', input: ask(code) });
    assert.equal(value(await call('female'), 'result'), true);
    const wrong = await call('none');
    assert.equal(value(wrong, 'result'), false);
    assert.ok(value(wrong, 'message').includes('none'));
  });

  await check('$translate', async () => {
    const found = await client.search({ resourceType: 'ConceptMap', searchParams: { _count: 50 } });
    assert.ok(found.total > 0);
    const input = { system: 'http://hl7.org/fhir/sid/icd-9-cm', code: '250.00', targetsystem: 'http://hl7.org/fhir/sid/icd-10-cm' };
    const answer = await client.operation({ name: 'translate', resourceType: 'ConceptMap', method: 'GET', input });
    assert.equal(value(answer, 'result'), true);
    assert.ok(JSON.stringify(answer).includes('E11.9'));
  });

  await check('batch', async () => {
    const entry = (url) => ({ request: { method: 'GET', url } });
    const body = { resourceType: 'Bundle', type: 'batch', entry: [entry('CodeSystem?_count=1'), entry('CodeSystem/none'), entry('metadata')] };
    const answer = await client.batch({ body });
    assert.deepEqual(answer.entry.map((one) => one.response.status.slice(0, 3)), ['200', '404', '200']);
  });

  await check('what is refused', async () => {
    const refused = (error) => {
      assert.equal(error.response.data.resourceType, 'OperationOutcome');
      return true;
    };
    await assert.rejects(client.read({ resourceType: 'CodeSystem', id: 'none' }), refused);
    await assert.rejects(client.operation({ name: 'lookup', resourceType: 'CodeSystem', method: 'GET', input: { system: 'http://no', code: 'x' } }), refused);
  });
}
console.log(`${passed} passed, 0 failed`);
