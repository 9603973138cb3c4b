// A FeatureServer by Koop over a folder of GeoJSON files, on this machine only; `make koop` starts it.
const Koop = require('@koopjs/koop-core');
const provider = require('@koopjs/provider-file-geojson');

const koop = new Koop({ logLevel: 'error' });
koop.register(provider, { dataDir: process.argv[2] });
koop.server.listen(Number(process.argv[3]), '127.0.0.1', () => console.log('ready'));
