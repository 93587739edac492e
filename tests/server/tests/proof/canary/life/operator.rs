//! What the operator does, and sees.

use anyhow::{Result, ensure};
use bytes::Bytes;
use sotto_proto::wire;
use sotto_server_tests::people::Town;

use crate::community::Community;

/// Looks at everybody and at every report.
pub(super) async fn look_after_people(community: &Community, town: &Town) -> Result<()> {
    let (mut opal, bob) = (town.register("opal").await?, town.register("bob").await?);
    let made = community.program.operate(&["admin", "create", &opal.person.name])?;
    ensure!(made.status.success(), "{made:?}");
    opal.log_in_again().await?;
    let account_id = bob.account().to_wire();
    opal.link.call(wire::ListAccountsRequest::default()).await?;
    opal.link.call(wire::GetAccountRequest { account_id: account_id.clone() }).await?;
    opal.link.call(wire::SetSuspendedRequest { account_id: account_id.clone(), suspended: true }).await?;
    opal.link.call(wire::SetQuotaRequest { account_id, storage_quota: 1 << 30 }).await?;
    opal.link.call(wire::GetCountsRequest {}).await?;
    let reports = opal.link.call(wire::ListReportsRequest { after_report_id: Bytes::new() }).await?.reports;
    ensure!(reports.iter().any(|report| report.comment.starts_with("comment")), "there are reports: {reports:?}");
    let report_id = reports[0].report_id.clone();
    opal.link.call(wire::CloseReportRequest { report_id }).await?;
    Ok(())
}
