@clock @host-control
Feature: By whose date a payment is named
  Some dialects name an original by the time at which its terminal has sent it, in another zone and by another clock than the host's.

  @TIM-012
  Scenario Outline: Payments of 01:30 in <dialect> are found again
    Given the host and its tills speak "<dialect>"
    And till "T1" of "Noodle House" has signed in
    And it is "2026-06-02 01:30:00"
    And operator "01" logs in at "T1"
    And Bob has paid 10.00 CNY at "T1"
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 480.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "Noodle House" is owed 486.00 CNY

    Examples:
      | dialect      |
      | unionpay-pos |
      | iso87-ascii  |
