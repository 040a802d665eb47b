// Stands in for Grafana: it answers as long as it runs, and tells what it was given.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { GF_SERVER_HTTP_PORT, GF_SERVER_HTTP_ADDR, GF_PATHS_PROVISIONING, ...rest } = process.env;
const provisioned = (kind) => readFileSync(`${GF_PATHS_PROVISIONING}/${kind}/gateway.yml`, 'utf8');
createServer((request, response) => {
  const given = {
    args: process.argv.slice(2),
    env: rest,
    datasources: provisioned('datasources'),
    dashboards: provisioned('dashboards'),
  };
  response.end(request.url === '/api/health' ? '{}' : JSON.stringify(given));
}).listen(Number(GF_SERVER_HTTP_PORT), GF_SERVER_HTTP_ADDR);
