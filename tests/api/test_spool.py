"""Where raw logs wait: who is alone in a folder, what is left behind, what two machines with equal folders see."""

from explain_log.api.spool import Spool


def test_the_only_one_goes_on_under_its_name(tmp_path):
    """After a kill the same folder gives the same name, so that leases can be taken back."""
    first = Spool(str(tmp_path / "spool"))
    second = Spool(str(tmp_path / "spool"))
    assert first.alone
    assert not second.alone
    assert second.worker != first.worker
    assert second.id == first.id
    second.close()
    first.close()
    again = Spool(str(tmp_path / "spool"))
    assert (again.alone, again.worker) == (True, first.worker)
    again.close()


def test_equal_folders_of_two_machines_differ(tmp_path):
    """A job says whose folder its log lies in."""
    one, two = Spool(str(tmp_path / "a" / "spool")), Spool(str(tmp_path / "b" / "spool"))
    assert one.body_of("/x/job-1") != two.body_of("/x/job-1")
    assert one.path_of(one.body_of("/x/job-1")) == f"{one.folder}/job-1"
    one.close()
    two.close()


def test_what_a_killed_process_left(tmp_path):
    """Uploads and logs that no job needs go; others stay."""
    spool = Spool(str(tmp_path))
    for name in ("upload-a", "job-needed", "job-left", "notes"):
        (tmp_path / name).write_text("x")
    spool.tidy({spool.body_of("job-needed")})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job-needed", "lock", "notes"]
    spool.close()
