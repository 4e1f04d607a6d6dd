//! Processes that were adopted. The daemon's core is the main thread of its process, so these tests are too.

use super::super::orphans::{Buried, Orphans};
use super::*;

/// A program that leaves a process behind and ends. That process prints its number, waits for the end of its input,
/// and ends with 5.
const LEAVES_ONE_BEHIND: &str = "exec 3<&0; (sh -c 'echo $$; read -r line <&3; exit 5' &); exit 6";

#[test]
fn an_orphan_is_buried_and_a_child_keeps_its_status() {
    async_in_own_process(async || {
        let mut orphans = Orphans::adopt().unwrap();
        let mut nursery = Nursery::new();
        let running = nursery.start(launch(shell(LEAVES_ONE_BEHIND))).await;
        // Its end is there before the orphan's: a zombie that must neither be taken nor stand in the way.
        assert_eq!(nursery.reaper.next().await.status, ExitStatus::Exited(6));
        let zombie = nursery.start(launch(shell("exit 7"))).await;
        read_to_end(zombie.output.stdout);
        drop(running.stdin);
        let pid = read_to_end(running.output.stdout).trim().parse().unwrap();
        assert_eq!(orphans.next().await, Buried { pid, status: ExitStatus::Exited(5) });
        let ended = nursery.reaper.next().await;
        assert_eq!((ended.pid, ended.status), (zombie.pid, ExitStatus::Exited(7)));
    });
}

#[test]
fn many_orphans_are_all_buried() {
    async_in_own_process(async || {
        const ORPHANS: usize = 50;
        let mut orphans = Orphans::adopt().unwrap();
        let mut nursery = Nursery::new();
        let mut numbers = Vec::new();
        for _ in 0..ORPHANS {
            let running = nursery.start(launch(shell(LEAVES_ONE_BEHIND))).await;
            assert_eq!(nursery.reaper.next().await.status, ExitStatus::Exited(6));
            drop(running.stdin);
            numbers.push(read_to_end(running.output.stdout).trim().parse::<u32>().unwrap());
        }
        let mut buried = Vec::new();
        for _ in 0..ORPHANS {
            buried.push(orphans.next().await.pid);
        }
        buried.sort_unstable();
        numbers.sort_unstable();
        assert_eq!(buried, numbers);
    });
}
