//! A task: what is to be done, and whether it is.

use sotto_proto::AccountId;

use super::{Content, Entry, Task, TaskChange};

/// A task as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// What is to be done.
    pub task: Task,
    /// Who did it, if it is done.
    pub done_by: Option<AccountId>,
}

/// The task that `original` is, after the changes in `acts`, which are in the order of the log. None when it is no task.
pub fn fold_task<'a>(original: &Entry, acts: impl IntoIterator<Item = &'a Entry>) -> Option<TaskView> {
    let Content::Task(task) = &original.content else { return None };
    let mut view = TaskView { task: task.clone(), done_by: None };
    for act in acts {
        match &act.content {
            Content::TaskChange(target, TaskChange::Done(done)) if *target == original.id => {
                view.done_by = done.then_some(act.author);
            }
            Content::TaskChange(target, TaskChange::Replacement(task)) if *target == original.id => {
                view.task = task.clone();
            }
            _ => {}
        }
    }
    Some(view)
}
