//! Many programs.

use visor_tests::Stage;

#[test]
fn ten_thousand_programs_are_listed_and_cost_little() {
    let bare = Stage::new("").started().memory();
    let stage = Stage::new(
        "[program:many]\ncommand=sleep 1000\nnumprocs=10000\nprocess_name=p_%(process_num)05d\nautostart=false\n\
         stdout_logfile=NONE\nstderr_logfile=NONE\n",
    )
    .started();
    let rows = stage.rows();
    assert_eq!(rows.len(), 10_000);
    assert_eq!(
        (&rows[0]["id"], &rows[9_999]["id"]),
        (&"many:p_00000".into(), &"many:p_09999".into())
    );
    assert_eq!(stage.ctl(&["start", "many:p_05000"]).code, 0);
    let shown = stage.ctl(&["status", "many:p_05000"]);
    assert!(shown.code == 0 && shown.out.contains("RUNNING"), "{}{}", shown.out, shown.err);
    let each = stage.memory().saturating_sub(bare) / 10;
    assert!(each < 10_000, "{each} bytes a program");
}

#[test]
fn a_thousand_programs_start_and_stop_in_order() {
    let programs: String = (0..10)
        .map(|n| {
            format!(
                "[program:g{n}]\ncommand=sleep 1000\nnumprocs=100\nprocess_name=g{n}_%(process_num)02d\nstartsecs=0\n\
                 priority={n}\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
            )
        })
        .collect();
    let mut stage = Stage::new(&programs).started();
    stage.says_times("visord.log", "success: ", 1000);
    stage.end();
    let log = stage.read("visord.log");
    let names = |before: &str, after: char| -> Vec<String> {
        log.lines()
            .filter_map(|line| Some(line.split_once(before)?.1.split(after).next()?.to_owned()))
            .collect()
    };
    let started = names("INFO spawned: '", '\'');
    assert_eq!(started.len(), 1000);
    assert!(started.is_sorted(), "started in order of priority and name");
    let stopped = names("WARN stopped: ", ' ');
    assert_eq!(stopped.len(), 1000);
    let groups: Vec<&str> = stopped.iter().filter_map(|name| name.split('_').next()).collect();
    assert!(groups.is_sorted_by(|a, b| a >= b), "stopped a group at a time, the last first");
}
