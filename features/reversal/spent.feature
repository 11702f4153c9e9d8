Feature: Money that came back and was spent before it was taken again
  A void gave the money back, and its till never heard so. Until its reversal gets through the cardholder may have spent the money.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And till "T2" of "Noodle House" has signed in
    And Alice's debit card holds 25.00 CNY

  @REV-027 @host-control @clock
  Scenario Outline: The reversal of a <void> is owed, though the money is spent
    Given <payment>
    And "T1" loses its power right after sending the 1st <void>
    When Alice has the 1st <original> voided at "T1"
    And Alice has paid 20.00 CNY at "T2"
    And "T1" starts again
    Then the host has the 1st <void> as reversed
    And Alice's card holds -5.00 CNY
    And "Noodle House" is owed <owed> CNY

    Examples:
      | void          | original | payment                                     | owed  |
      | void          | sale     | Alice has paid 10.00 CNY at "T1"            | 30.00 |
      | pre-auth-void | pre-auth | Alice leaves a deposit of 10.00 CNY at "T1" | 20.00 |
