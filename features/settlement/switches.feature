@unionpay @host-control
Feature: What another acquirer settles otherwise

  @SET-021
  Scenario: Where there is no sign-out the till goes on in the next batch
    Given the host and its tills agree that "sign_out_after_settlement" is "false"
    And till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"
    When the cashier settles at "T1"
    And Bob swipes 20.00 CNY at "T1"
    And the cashier settles at "T1"
    Then "T1" shows SETTLED
    And "T1" is signed in
    And "T1" works in batch "000003"
    And "T1" shows APPROVED
    And these messages went over the wire
      | from | message           | F39 | F60.2  |
      | T1   | settlement        |     | 000001 |
      | host | settlement answer | 00  | 000001 |
      | T1   | upload-end        |     | 000001 |
      | host | upload-end answer | 00  | 000001 |
      | T1   | sale              |     | 000002 |
      | host | sale answer       | 00  | 000002 |
      | T1   | settlement        |     | 000002 |
      | host | settlement answer | 00  | 000002 |
      | T1   | upload-end        |     | 000002 |
      | host | upload-end answer | 00  | 000002 |
    And "T1" shows BALANCED
    And the 2nd settlement has the totals
      | cards    | debits | debit | credits | credit | result |
      | domestic | 1      | 20.00 | 0       | 0.00   | none   |
    And batch "000002" of "T1" is settled at the host

  @SET-004 @clock
  Scenario: A host that keeps its totals to itself still says whether they balance
    Given the host and its tills agree that "host_totals" is "false"
    And till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"
    And Bob has paid 20.00 CNY at "T1", which could not take it back
    When the cashier settles at "T1"
    Then "T1" shows UNBALANCED
    And the answer to the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result     |
      | domestic | 1      | 10.00 | 0       | 0.00   | unbalanced |
      | foreign  | 0      | 0.00  | 0       | 0.00   | balanced   |

  @SET-022
  Scenario: A full batch is settled before the next sale
    Given the host and its tills agree that "batch_limit" is "3"
    And till "T1" of "Noodle House" has signed in
    And Bob has paid 1.00 CNY at "T1" 3 times
    When Bob swipes 1.00 CNY at "T1"
    And the cashier settles at "T1"
    And the cashier signs in at "T1"
    And Bob swipes 1.00 CNY at "T1"
    Then "T1" shows BATCH_FULL
    And "T1" shows BALANCED
    And the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result |
      | domestic | 3      | 3.00  | 0       | 0.00   | none   |
    And "T1" shows APPROVED
