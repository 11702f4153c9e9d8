@SWP-023
Feature: What a merchant may take
  The acquirer pays the merchant today and hears of the fraud next month, so it agrees with each what may go through its
  tills: at the Kiosk 50.00 CNY at once, and three payments a day.

  Background:
    Given till "T4" of "Kiosk" has signed in

  Scenario Outline: The Kiosk may take 50.00 at once: <amount> is <verdict>
    When Bob swipes <amount> at "T4"
    Then "T4" shows <screen>
    And the answer to the 1st sale carries
      | field | value  |
      | code  | <code> |
    And Bob's card holds <left>
    And "Kiosk" is owed <owed>

    Examples:
      | amount    | verdict | code | screen       | left        | owed      |
      | 50.00 CNY | fine    | 00   | APPROVED     | 4950.00 CNY | 50.00 CNY |
      | 50.01 CNY | refused | 61   | AMOUNT_LIMIT | 5000.00 CNY | 0.00 CNY  |

  Scenario: The Kiosk may take three payments a day, whoever pays
    Given Bob has paid 10.00 CNY at "T4"
    And Alice has paid 10.00 CNY at "T4"
    And Bob has paid 10.00 CNY at "T4"
    When Alice swipes 10.00 CNY at "T4" and enters her PIN
    Then "T4" shows COUNT_LIMIT
    And the answer to the 4th sale carries
      | field | value |
      | code  | 65    |
    And Alice's card holds 990.00 CNY
    And "Kiosk" is owed 30.00 CNY
