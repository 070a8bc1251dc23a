"""The kinds of file that mail providers refuse, attached or inside a ZIP, as they publish them (November 2026)."""

import re
from io import BytesIO
from pathlib import PurePosixPath
from zipfile import ZipFile, is_zipfile

# https://support.google.com/mail/answer/6590: also in archives such as .zip; and archives within archives.
GMAIL = """
ade adp apk appx appxbundle bat cab chm cmd com cpl diagcab diagcfg diagpkg dll dmg ex ex_ exe hta img ins iso isp jar
jnlp js jse lib lnk mde mjs msc msi msix msixbundle msp mst nsh pif ps1 scr sct shb sys vb vbe vbs vhd vxd wsc wsf wsh
xll
"""
# Defender for Office 365, the common attachments filter's defaults: it looks into archives, and at the true type.
DEFENDER = """
ace ani apk app appx arj bat cab cmd com deb dex dll docm elf exe hta img iso jar jnlp kext lha lib library lnk lzh
macho msc msi msix msp mst pif ppa ppam reg rev scf scr sct sys uif vb vbe vbs vxd wsc wsf wsh xll xz z
"""
# Outlook and Outlook on the web, "Blocked attachments": many tenants' own rules refuse these inside archives, too.
OUTLOOK = """
ade adp app application appref-ms asp aspx asx bas bat bgi cab cdxml cer chm cmd cnt com cpl crt csh der diagcab exe fxp
gadget grp hlp hpj hta htc inf ins isp its jar jnlp js jse ksh lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda
mdb mde mdt mdw mdz mht mhtml msc msh msh1 msh1xml msh2 msh2xml mshxml msi msp mst msu ops osd pcd pif pl plg prf prg
printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 pssc pst py pyc pyo pyw pyz pyzw reg scf scr sct shb shs
theme tmp udl url vb vbe vbp vbs vhd vhdx vsmacros vsw webpnp website ws wsb wsc wsf wsh xbap xll xml xnk
"""
BLOCKED = frozenset(f"{GMAIL} {DEFENDER} {OUTLOOK}".split())
ARCHIVES = frozenset(["7z", "bz2", "gz", "rar", "tar", "taz", "tgz", "xz", "z", "zip"])
WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
LONGEST_NAME = 60  # Windows opens paths of up to 260 characters, the folder of downloads included


def complaints(name: str, data: bytes, *, inside: str = "") -> list[str]:
    """Return why a mail provider, or the member's own system, would refuse the file or one inside it."""
    path = PurePosixPath(name)
    kinds = {kind[1:].lower() for kind in path.suffixes}
    faults = [f"{inside}{name}: .{kind} is blocked" for kind in sorted(kinds & BLOCKED)]
    if any(WINDOWS_DEVICE.match(part) for part in path.parts) or not re.fullmatch(r"[A-Za-z0-9_./-]+", name):
        faults.append(f"{inside}{name}: not a name for every system")
    if len(name) > LONGEST_NAME:
        faults.append(f"{inside}{name}: too long")
    if inside and (kinds & ARCHIVES or is_zipfile(BytesIO(data))):
        faults.append(f"{inside}{name}: an archive within an archive")
    if data.startswith((b"MZ", b"#!", b"\x7fELF", b"\xca\xfe\xba\xbe")):
        faults.append(f"{inside}{name}: begins like a program")
    return faults + (_complaints_inside(name, data) if not inside and is_zipfile(BytesIO(data)) else [])


def _complaints_inside(name: str, data: bytes) -> list[str]:
    with ZipFile(BytesIO(data)) as container:
        encrypted = [f"{name}: encrypted" for info in container.infolist() if info.flag_bits & 1]
        parts = ((part, container.read(part)) for part in container.namelist())
        return encrypted + [fault for part, content in parts for fault in complaints(part, content, inside=f"{name}/")]
