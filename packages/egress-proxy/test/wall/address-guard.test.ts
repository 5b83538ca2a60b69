import { describe, it } from "vitest";
import { embeddedIpv4, guardAddress } from "../../src/wall/address-guard.ts";

const OWN = ["203.0.114.9", "2606:4700::1234", "192.168.7.7"];

describe("guardAddress", () => {
  it.for([
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "203.0.114.9",
    "192.168.7.7",
    "::",
    "::1",
    "::2",
    "::ffff:10.0.0.1",
    "::ffff:a00:1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "2606:4700::1234",
    "2606:4700:0:0::1234",
    "",
    "a.test",
    "127.1",
    "2130706433",
    "0x7f000001",
    "010.8.8.8",
    "8.8.8.8 ",
    "1.2.3.4.5",
    "[::1]",
  ])("guards %j", (address, { expect }) => {
    expect(guardAddress(address, OWN)).toBeDefined();
  });

  it.for([
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
  ])("leaves %s alone", (address, { expect }) => {
    expect(guardAddress(address, OWN)).toBeUndefined();
  });

  it("opens a private network to a rule of it, and itself only to a rule of the very address", ({ expect }) => {
    expect(guardAddress("10.1.2.3", OWN)?.namedBy).toBe(8);
    expect(guardAddress("192.168.1.1", OWN)?.namedBy).toBe(16);
    expect(guardAddress("192.168.7.7", OWN)?.namedBy).toBe(32);
    for (const address of ["127.0.0.1", "0.0.0.0", "169.254.169.254", "100.100.100.200", "168.63.129.16"]) expect(guardAddress(address, OWN)?.namedBy).toBe(32);
  });
});

describe("embeddedIpv4", () => {
  it.for([
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["64:ff9b::a00:1", "10.0.0.1"],
    ["2002:a00:1::", "10.0.0.1"],
    ["2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"],
    ["2606:4700::1", undefined],
    ["1.1.1.1", undefined],
  ] as const)("of %s is %s", ([address, inner], { expect }) => {
    expect(embeddedIpv4(address)).toBe(inner);
  });
});
