@unionpay @host-control
Feature: What the till owes goes before its settlement
  A payment that may still be taken back, or that the host has not heard of, must not stand in totals or be missing from them.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"

  @SET-015 @clock
  Scenario: A reversal that is owed is sent before the totals
    Given the line loses the answer to the 2nd sale
    And the line breaks before the 1st reversal
    And "T1" loses its power right after sending the 1st reversal
    And Bob swipes 20.00 CNY at "T1"
    And "T1" starts again
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result |
      | domestic | 1      | 10.00 | 0       | 0.00   | none   |
    And "Noodle House" is owed 10.00 CNY

  @SET-015 @clock
  Scenario: While a reversal cannot be sent there is no settlement
    Given the line loses the answer to the 2nd sale
    And "T1" loses its power right after sending the 2nd sale
    And Bob swipes 20.00 CNY at "T1"
    And the line refuses connections
    And "T1" starts again
    When the cashier settles at "T1"
    Then "T1" shows REVERSAL_PENDING
    And no message went to the host
    And "T1" has no half done settlement
    And batch "000001" of "T1" is open at the host

  @SET-016 @clock
  Scenario: A refund that the host has not acknowledged is sent before the totals
    Given the line loses every refund
    And Bob has 4.00 CNY of the 1st sale refunded at "T1"
    When the cashier settles at "T1"
    And the line works again
    And the cashier settles at "T1"
    Then "T1" shows ADVICE_PENDING
    And "T1" has no half done settlement
    And "T1" shows BALANCED
    And the 1st settlement has the totals
      | cards    | debits | debit | credits | credit | result |
      | domestic | 1      | 10.00 | 1       | 4.00   | none   |
    And "Noodle House" is owed 6.00 CNY
