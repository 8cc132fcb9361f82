from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from sampan.core.api.pki import front_proxy, make_authority, server_files

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def names(path: Path) -> set[str]:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(each.value) for each in found}


def test_the_files_are_for_their_owner_alone_and_stay_the_same(tmp_path: Path) -> None:
    first = server_files(tmp_path / "pki", "c", ["192.0.2.1"], NOW)
    before = first.certificate_file.read_bytes()
    again = server_files(tmp_path / "pki", "c", ["192.0.2.1"], NOW)

    assert (again.ca_pem, again.certificate_file.read_bytes()) == (first.ca_pem, before)
    assert {"192.0.2.1", "127.0.0.1", "kubernetes.default.svc"} <= names(first.certificate_file)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "pki").iterdir()}
    assert modes == {0o600}


def test_the_folder_is_for_its_owner_alone_whoever_made_it(tmp_path: Path) -> None:
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki").chmod(0o755)
    server_files(tmp_path / "pki", "c", [], NOW)
    assert stat.S_IMODE((tmp_path / "pki").stat().st_mode) == 0o700


def test_a_new_address_or_a_near_end_renews_the_certificate_but_not_the_authority(tmp_path: Path) -> None:
    first = server_files(tmp_path, "c", [], NOW)
    before = first.certificate_file.read_bytes()
    moved = server_files(tmp_path, "c", ["192.0.2.9"], NOW)
    after = moved.certificate_file.read_bytes()
    later = server_files(tmp_path, "c", ["192.0.2.9"], NOW + timedelta(days=350))

    assert before != after != later.certificate_file.read_bytes()
    assert first.ca_pem == moved.ca_pem == later.ca_pem


def test_a_start_with_the_clock_ahead_does_no_lasting_harm(tmp_path: Path) -> None:
    ahead = server_files(tmp_path, "c", [], NOW + timedelta(days=300))
    now = server_files(tmp_path, "c", [], NOW)
    certificate = x509.load_pem_x509_certificate(now.certificate_file.read_bytes())
    assert certificate.not_valid_before_utc <= NOW
    assert now.ca_pem == ahead.ca_pem
    assert now.authority.certificate.not_valid_before_utc <= NOW


def test_an_authority_of_the_far_future_is_made_anew(tmp_path: Path) -> None:
    ahead = server_files(tmp_path, "c", [], NOW + timedelta(days=3000))
    assert server_files(tmp_path, "c", [], NOW).ca_pem != ahead.ca_pem


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    files = server_files(tmp_path, "c", [], NOW)
    files.key_file.write_text("not a key")
    assert "PRIVATE KEY" in server_files(tmp_path, "c", [], NOW).key_file.read_text()


def test_a_client_certificate_names_user_and_groups() -> None:
    pem, _ = make_authority("c", NOW).issue("jane", NOW, organizations=["dev", "ops"])
    subject = x509.load_pem_x509_certificate(pem.encode()).subject
    assert [each.value for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["jane"]
    assert [each.value for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["dev", "ops"]


def test_the_front_proxy_has_an_authority_of_its_own_and_is_renewed(tmp_path: Path) -> None:
    files = server_files(tmp_path, "c", [], NOW)
    first = front_proxy(tmp_path, "c", NOW)
    before = first.certificate_file.read_bytes()
    assert first.ca_pem != files.ca_pem
    assert front_proxy(tmp_path, "c", NOW).certificate_file.read_bytes() == before
    renewed = front_proxy(tmp_path, "c", NOW + timedelta(days=350))
    assert renewed.certificate_file.read_bytes() != before
    assert renewed.ca_pem == first.ca_pem
