import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { readOrigin } from '../src/environment.ts';

describe('an origin', () => {
  it.for([
    ['https://app.example.com'],
    ['http://localhost:5173'],
    ['capacitor://localhost'],
    ['ionic://localhost'],
    ['tauri://localhost'],
    ['chrome-extension://abcdefghijklmnop'],
  ])('may be %s, of a web site or of an app with a scheme of its own', ([origin = '']) => {
    expect(readConfig({ UPSTREAM: 'emulator', CORS_ORIGINS: origin }).corsOrigins).toEqual([origin]);
  });

  it.for([
    ['*'],
    ['null'],
    ['localhost'],
    ['https://*.example.com'],
    ['https://app.example.com/'],
    ['https://App.example.com'],
    ['https://user@app.example.com'],
    ['file://a'],
    ['ws://a'],
    ['javascript://a'],
    ['capacitor://'],
    ['capacitor://localhost/'],
    ['capacitor://*'],
  ])('may not be %s', ([text = '']) => {
    expect(readOrigin(text)).toBeUndefined();
  });
});
